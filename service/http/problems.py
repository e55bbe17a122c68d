"""Errors as HTTP: one table from code to status, one body (RFC 9457), one handler for each kind."""

from collections.abc import Iterator
from http import HTTPMethod
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from service.errors import ServiceError
from service.schemas import Problem

MEDIA_TYPE: Final = "application/problem+json"
STATUS: Final[dict[str, int]] = {
    "service_error": 500,
    "unusable_image": 422,
    "empty_file": 422,
    "unsupported_format": 415,
    "corrupt_image": 422,
    "image_too_large": 413,
    "no_eyes_found": 422,
    "invalid_request": 422,
    "too_many_images": 413,
    "body_too_large": 413,
    "request_timeout": 408,
    "unauthorized": 401,
    "unknown_model": 404,
    "not_ready": 503,
    "overloaded": 503,
    "deadline_exceeded": 504,
    "internal_error": 500,
    "invalid_bundle": 500,
}
HEADERS: Final[dict[str, dict[str, str]]] = {
    "body_too_large": {"Connection": "close"},
    "request_timeout": {"Connection": "close"},
    "unauthorized": {"WWW-Authenticate": "Bearer"},
    "not_ready": {"Retry-After": "1"},
    "overloaded": {"Retry-After": "1"},
    "deadline_exceeded": {"Retry-After": "1"},
}
"""What a client should do next. A connection is closed where the rest of a body is not worth reading."""
_HTTP_CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
}


def documented(description: str) -> dict[str, Any]:
    """A problem for OpenAPI. FastAPI's own `model` would promise it as `application/json` too."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def problem(error: ServiceError, request_id: str) -> Problem:
    """The body for an expected error."""
    return Problem(
        type="about:blank",
        title=error.title,
        status=STATUS[error.code],
        detail=str(error),
        code=error.code,
        request_id=request_id,
    )


def respond(error: ServiceError, scope: Scope) -> JSONResponse:
    """An expected error as the HTTP response to the request of `scope`."""
    return _response(problem(error, _state(scope).get("request_id", "")), scope, HEADERS.get(error.code))


def install(app: FastAPI) -> None:
    """Register the handlers: expected errors and the framework's own.

    Unexpected ones end in `service.http.observation`, which logs them once.
    """
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def request_id(request: Request) -> str:
    """The id that the middleware gave to this request."""
    return str(getattr(request.state, "request_id", ""))


async def _service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)
    return respond(error, request.scope)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return _response(_plain(request, 422, "invalid_request", f"{place}: {first['msg']}"), request.scope)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "http_error")
    headers = dict(error.headers) if error.headers else {}
    if error.status_code == 405:
        headers["Allow"] = ", ".join(_allowed(request))
    return _response(_plain(request, error.status_code, code, str(error.detail)), request.scope, headers)


def _allowed(request: Request) -> Iterator[str]:
    """Methods that this path answers (RFC 9110, 15.5.6); the framework names those of one route alone."""
    for method in HTTPMethod:
        asked = {**request.scope, "method": method.value}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            yield method.value


def _response(body: Problem, scope: Scope, headers: dict[str, str] | None = None) -> JSONResponse:
    _state(scope)["code"] = body.code  # for the log and the metrics
    return JSONResponse(body.model_dump(), body.status, headers=headers, media_type=MEDIA_TYPE)


def _state(scope: Scope) -> dict[str, str]:
    state: dict[str, str] = scope.setdefault("state", {})
    return state


def _plain(request: Request, status: int, code: str, detail: str) -> Problem:
    return Problem(
        type="about:blank",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        request_id=request_id(request),
    )
