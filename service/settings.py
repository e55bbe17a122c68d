"""Everything an operator can set, as environment variables with the prefix `SERVICE_`."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from service.commas import split
from service.networks.runtime import CPU, PROVIDERS
from service.pictures.limits import DEFAULT_MAX_PIXELS, DEFAULT_MAX_SIDE

Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0.0, le=3600.0)]
PREFIX = "SERVICE_"
MIN_KEY_LENGTH = 16
ALIKE = 0.9
"""Of two names, as `difflib` has it: a letter or two apart."""
# Patterns as text: compiled when a setting needs one, not with every start.
_KEY = rf"[!-~]{{{MIN_KEY_LENGTH},}}"
# As browsers send it: in lower case and ASCII, without a path or the port that goes without saying. A star
# for many names would be compared as it is, and equal none.
_ORIGIN = r"(?!https://.*:443$|http://.*:80$)[a-z][a-z0-9+.-]*://[^A-Z*/?#@\s\x7f-\U0010ffff]+"
# Surrogates stand for bytes of the environment that are no UTF-8, which no answer could hold.
_LINK = r"https?://[^/\s\ud800-\udfff][^\s\ud800-\udfff]*"


class Settings(BaseModel):
    """Settings of one service; a bad value stops the start with a one-line reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "0.0.0.0"
    """Address to listen on; `::` is IPv6 alone, nothing is IPv4 and IPv6."""
    port: Port = 8000
    """Port to listen on; 0 takes a free one and logs it."""
    models: Path = Path("models")
    """Folder of model bundles, `<name>/<version>/model.onnx`."""
    model: str = "eye-shape"
    """Names of the models to serve, separated by commas, the default one first; `*` is every one, by name."""
    locator: str = "eye-locator"
    """Name of the eye locator's bundle in the folder of models; needed by models that look at eyes."""
    reload_seconds: Annotated[float, Field(ge=0.0, le=3600.0)] = 5.0
    """How often to look for new model versions; 0 never looks."""
    processes: Annotated[int, Field(ge=0, le=256)] = 0
    """Processes that share work; 0: one for each CPU, 16 at most; one if SERVICE_PROVIDERS is not `cpu`."""
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    """CPUs that one inference may use; 0 takes one while many run, and more, up to 4 or 8, for a lone one."""
    providers: str = CPU
    """Execution providers separated by commas, the best first: `openvino`, `cuda`, `cpu`."""
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    """Threads that decode and classify, in all processes; 0 takes the CPUs that the service is given."""
    at_once: Annotated[int, Field(ge=0, le=256)] = 0
    """Pictures that one inference may classify while many wait; 0 takes as many as pay, 1 to 4."""
    waiting: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Requests that may wait for a worker, beyond them the answer is 503; 0 allows one for each worker."""
    max_connections: Positive = 1024
    """Open connections, idle ones included; past them the one that has been idle for longest is closed."""
    max_body_bytes: Annotated[int, Field(ge=1024)] = 20 * 1024 * 1024
    """Largest request body in bytes."""
    max_buffered_bytes: Annotated[int, Field(ge=1024, validate_default=True)] = 256 * 1024 * 1024
    """Bytes of all request bodies held in memory at the same time; the largest body has to fit in."""
    max_batch: Annotated[int, Field(ge=1, le=1000)] = 32
    """Most images in one batch request."""
    max_pixels: Positive = DEFAULT_MAX_PIXELS
    """Most pixels of one picture, checked before it is decoded."""
    max_side: Positive = DEFAULT_MAX_SIDE
    """Most pixels along one side of a picture."""
    header_seconds: Seconds = 10.0
    """Time for the head of a request to arrive."""
    body_seconds: Seconds = 15.0
    """Time for the body of a request to arrive after its head, and for a client to read on once it stops."""
    deadline_seconds: Seconds = 30.0
    """Time from the head of a request to its answer."""
    keep_alive_seconds: Annotated[int, Field(ge=1, le=3600)] = 75
    """How long an idle connection stays open; longer than a load balancer's own limit (60 is usual)."""
    drain_seconds: Annotated[float, Field(ge=0.0, le=600.0)] = 1.0
    """How long to go on answering, not ready any more, after SIGTERM."""
    grace_seconds: Annotated[int, Field(ge=1, le=3600)] = 25
    """Time for requests in flight to end after that."""
    api_keys: SecretStr = SecretStr("")
    """Keys separated by commas, each 16 ASCII characters or more; empty lets everybody classify."""
    cors_origins: str = ""
    """Origins of web pages that may call the API, separated by commas, or `*`; empty allows none."""
    tutorial_url: str = "https://www.youtube.com/results?search_query={query}"
    """Where a label's search phrase leads; `{query}` is replaced by the phrase."""
    docs: bool = True
    """Serve the OpenAPI document and its page at `/docs`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important messages to log; `info` is one line a request."""
    tracing: bool = False
    """Send OpenTelemetry traces, as the standard `OTEL_*` variables say; needs `requirements/tracing.txt`."""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Self:
        """Settings by environment variables, in capitals or not; those in capitals win.

        Raises pydantic.ValidationError.
        """
        given = {name.upper(): value for name, value in variables.items()} | dict(variables)
        names = (name for name in cls.model_fields if variable(name) in given)
        return cls.model_validate({name: given[variable(name)] for name in names})

    @field_validator("providers")
    @classmethod
    def _providers_are_known(cls, value: str) -> str:
        if not split(value) or not set(split(value)) <= set(PROVIDERS):
            raise ValueError(f"Expected some of {', '.join(PROVIDERS)}, separated by commas")
        return value

    @field_validator("max_buffered_bytes")
    @classmethod
    def _one_body_fits(cls, value: int, others: ValidationInfo) -> int:
        largest = others.data.get("max_body_bytes", 0)
        if value < largest:
            raise ValueError(f"Expected SERVICE_MAX_BODY_BYTES, which is {largest}, or more")
        return value

    @field_validator("api_keys")
    @classmethod
    def _keys_can_be_sent(cls, value: SecretStr) -> SecretStr:
        # Headers are ASCII: each client has its own way to send anything else. Commas alone are no keys: what
        # fills in secrets that are empty does not mean that everybody may ask.
        keys = split(value.get_secret_value())
        if not all(re.fullmatch(_KEY, key) for key in keys) or (value.get_secret_value() and not keys):
            raise ValueError(f"Expected keys of {MIN_KEY_LENGTH} or more ASCII characters without spaces")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_whole(cls, value: str) -> str:
        if not all(origin == "*" or re.fullmatch(_ORIGIN, origin) for origin in split(value)):
            raise ValueError("Expected origins such as https://example.com, separated by commas, or *")
        return value

    @field_validator("tutorial_url")
    @classmethod
    def _tutorials_can_be_found(cls, value: str) -> str:
        if not re.fullmatch(_LINK, value) or "{query}" not in value:
            raise ValueError("Expected a link that begins with http:// or https:// and holds {query}")
        return value


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def misspelt(variables: Iterable[str]) -> dict[str, str]:
    """Environment variables that hardly differ from those of a setting, with what they were meant to be.

    Others that begin alike are somebody else's: platforms have a SERVICE_NAME too.
    """
    known = [variable(name) for name in Settings.model_fields]
    unknown = [one for one in variables if one.upper().startswith(PREFIX) and one.upper() not in known]
    if not unknown:
        return {}
    from difflib import get_close_matches  # of no use to a start without any

    found = {name: get_close_matches(name.upper(), known, 1, ALIKE) for name in unknown}
    return {name: meant[0] for name, meant in found.items() if meant}
