"""What a client may ask about a photo: the query of a request, and its description for OpenAPI."""

from typing import Any, Final, Literal

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError

from service.answering.prepared import Question
from service.errors import InvalidRequest
from service.http import problems
from service.locator.faces import MAX_FACES
from service.pictures.regions import Region
from service.validation import first_fault


class _Query(BaseModel):
    region: Region = Field(
        "auto",
        description="Of a model of eyes, `auto`: both eyes of a face, or one eye from near; `eyes`: a face "
        "or nothing. `whole`: the middle square of the picture, as `auto` for other models.",
    )
    faces: Literal["largest", "all"] = Field(
        "largest", description=f"Whose eyes: the largest face's, or everybody's, {MAX_FACES} faces at most."
    )
    model: str | None = Field(None, description="Name of a loaded model.", max_length=64)
    evidence: bool = Field(
        False, description="Add a map of what spoke for each answer, from models that give one."
    )


def read(request: Request) -> Question:
    """The question of a request; raises InvalidRequest.

    FastAPI would read the same, and look up what it knows about each parameter once more for every request:
    a sixth of what the event loop did for a photo.
    """
    given = request.query_params.multi_items()
    asked = dict(given)
    if unknown := asked.keys() - _Query.model_fields.keys():  # a misspelt one would be answered as another
        raise InvalidRequest(
            f"Expected the parameters {', '.join(_Query.model_fields)}. Received: {min(unknown)[:50]!r}."
        )
    if len(asked) < len(given):
        names = [name for name, _ in given]
        repeated = next(name for name in asked if names.count(name) > 1)
        raise InvalidRequest(f"Expected each parameter once. Received: {repeated!r} several times.")
    try:
        query = _Query.model_validate(asked)
    except ValidationError as error:
        raise InvalidRequest(first_fault(error)) from None
    return Question(query.region, query.faces, query.model, query.evidence, problems.request_id(request))


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    about = {"name": name, "in": "query", "required": False, "description": schema["description"]}
    return about | {"schema": schema}


PARAMETERS: Final = [
    _parameter(name, schema) for name, schema in _Query.model_json_schema()["properties"].items()
]
"""The query in OpenAPI's words."""
