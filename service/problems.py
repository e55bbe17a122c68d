"""Errors as HTTP: one table from code to status, one body (RFC 9457), one handler for each kind."""

import logging
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

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
    "unknown_model": 404,
    "not_ready": 503,
    "invalid_bundle": 500,
}
_HTTP_CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
}
_logger = logging.getLogger("service")


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


def response(body: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """A problem as an HTTP response."""
    return JSONResponse(body.model_dump(), body.status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Register the handlers: expected errors, the framework's own, and everything else."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


def request_id(request: Request) -> str:
    """The id that the middleware gave to this request."""
    return str(getattr(request.state, "request_id", ""))


async def _service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)
    return response(problem(error, request_id(request)))


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return response(_plain(request, 422, "invalid_request", f"{place}: {first['msg']}"))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "http_error")
    headers = dict(error.headers) if error.headers else None
    return response(_plain(request, error.status_code, code, str(error.detail)), headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _logger.error("unexpected error", exc_info=error, extra={"request_id": request_id(request)})
    detail = "Something went wrong on our side; the request id finds it in the logs."
    return response(_plain(request, 500, "internal_error", detail))


def _plain(request: Request, status: int, code: str, detail: str) -> Problem:
    return Problem(
        type="about:blank",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        request_id=request_id(request),
    )
