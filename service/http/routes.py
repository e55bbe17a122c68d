"""The HTTP surface: translates between requests and the predictor."""

import time
from typing import Any, Final

from fastapi import APIRouter, Request

from service.answering.model_info import describe
from service.answering.prepared import Question
from service.dataplane import DataPlane
from service.errors import ServiceError
from service.http import problems, query
from service.http.openapi import operation_id
from service.http.uploads import read_images
from service.networks.models import ModelStore
from service.schemas import (
    Answer,
    BatchAnswer,
    BatchItem,
    ModelInfo,
    ModelList,
)
from service.settings import Settings

router = APIRouter(prefix="/v1", generate_unique_id_function=operation_id)

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    status: problems.documented(text)
    for status, text in {
        401: "An API key is required",
        404: "No such model",
        408: "The body took too long to arrive",
        413: "Too large",
        415: "No supported picture",
        422: "The picture or the request cannot be used",
        500: "Something unexpected; the request id finds it in the logs",
        503: "Not ready or overloaded; try again",
        504: "The answer took too long; try again",
    }.items()
}


def _openapi(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Of a query and a multipart body with one file field, which are read without FastAPI."""
    form = {
        "type": "object",
        "required": [field],
        "properties": {field: schema},
        "additionalProperties": False,
    }
    body = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    return {"parameters": query.PARAMETERS, "requestBody": body}


_FILE: Final = {"type": "string", "format": "binary"}


@router.post("/classify", responses=_PROBLEMS, openapi_extra=_openapi("image", _FILE))
async def classify(request: Request) -> Answer:
    """Classify one photo."""
    question = query.read(request)
    dataplane: DataPlane = request.app.state.dataplane
    dataplane.check(question)
    (image,) = await read_images(request, "image", most=1)
    return await dataplane.classify(image, question)


@router.post(
    "/classify/batch",
    responses=_PROBLEMS,
    openapi_extra=_openapi("images", {"type": "array", "items": _FILE, "minItems": 1}),
)
async def classify_batch(request: Request) -> BatchAnswer:
    """Classify several photos; a bad one is its own problem and the others are answered."""
    question = query.read(request)
    settings: Settings = request.app.state.settings
    dataplane: DataPlane = request.app.state.dataplane
    dataplane.check(question, batch=True)
    images = await read_images(request, "images", most=settings.max_batch)
    start = time.perf_counter()
    outcomes = await dataplane.classify_batch(images, question)
    elapsed = (time.perf_counter() - start) * 1000
    items = [_item(index, outcome, question) for index, outcome in enumerate(outcomes)]
    return BatchAnswer(items=items, request_id=question.request_id, milliseconds=round(elapsed, 3))


def _item(index: int, outcome: Answer | ServiceError, question: Question) -> BatchItem:
    if isinstance(outcome, ServiceError):
        return BatchItem(index=index, problem=problems.problem(outcome, question.request_id))
    return BatchItem(index=index, answer=outcome)


@router.head("/models", include_in_schema=False)
@router.get("/models", responses={status: _PROBLEMS[status] for status in (401, 500)})
async def models(request: Request) -> ModelList:
    """What is loaded, the default model first."""
    names = [bundle.metadata.name for bundle in request.app.state.predictor.models]
    return ModelList(models=[_info(request, name) for name in names])


@router.head("/models/{name}", include_in_schema=False)
# With 422, of which FastAPI would promise a body of its own.
@router.get("/models/{name}", responses={status: _PROBLEMS[status] for status in (401, 404, 422, 500)})
async def model(request: Request, name: str) -> ModelInfo:
    """One loaded model: labels, version, the model card's numbers, input size, digest."""
    return _info(request, name)


def _info(request: Request, name: str) -> ModelInfo:
    settings: Settings = request.app.state.settings
    models: ModelStore = request.app.state.predictor.models
    bundle = models.get(name)
    return describe(bundle, bundle.metadata.name == models.default, settings.tutorial_url)
