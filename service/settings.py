"""Everything an operator can set, as environment variables with the prefix `SERVICE_`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.images import DEFAULT_MAX_PIXELS, DEFAULT_MAX_SIDE

Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Settings of one service process; a bad value stops the start with a one-line reason."""

    model_config = SettingsConfigDict(env_prefix="SERVICE_", frozen=True, use_attribute_docstrings=True)

    host: str = "0.0.0.0"
    """Address to listen on."""
    port: Port = 8000
    """Port to listen on; 0 takes a free one and prints it."""
    models: Path = Path("models")
    """Folder of model bundles, `<name>/<version>/model.onnx`."""
    model: str = "eye-shape"
    """Names of the models to serve, separated by commas, the default one first; `*` serves every bundle."""
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """CPUs that one inference may use; 0 takes the CPUs that the process is really given."""
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Images decoded and classified at the same time; 0 takes the CPUs that the process is really given."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 20 * 1024 * 1024
    """Largest request body in bytes."""
    max_batch: Annotated[int, Field(ge=1, le=1000)] = 32
    """Most images in one batch request."""
    max_pixels: Positive = DEFAULT_MAX_PIXELS
    """Most pixels of one picture, checked before it is decoded."""
    max_side: Positive = DEFAULT_MAX_SIDE
    """Most pixels along one side of a picture."""
    tutorial_url: str = "https://www.youtube.com/results?search_query={query}"
    """Where a label's search phrase leads; `{query}` is replaced by the phrase."""
    docs: bool = True
    """Serve the OpenAPI document and its page at `/docs`."""
