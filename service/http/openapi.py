"""The OpenAPI document: made when somebody asks for it, with what the source says about each field."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute

from service import lean_imports
from service.docstrings import attribute_docstrings
from service.schemas import Schema

_REQUEST_ID: Final = {
    "X-Request-ID": {"description": "The request's id, which logs have too.", "schema": {"type": "string"}}
}
_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "Seconds until it is worth trying again.",
        "schema": {"type": "integer"},
    }
}
_TRY_AGAIN: Final = ("503", "504")


class DocumentedAPI(FastAPI):
    """A FastAPI application whose document describes the fields of answers by their docstrings."""

    def openapi(self) -> dict[str, Any]:
        """The document as JSON; made once."""
        if self.openapi_schema:
            return self.openapi_schema
        lean_imports.import_openapi()
        document = super().openapi()
        _describe_headers(document["paths"])
        _describe_fields(document["components"]["schemas"])
        _leave_open(document["components"]["schemas"])
        return document


def operation_id(route: APIRoute) -> str:
    """The name of a route's function, by which generated clients name theirs; for every router."""
    return route.name


def _describe_headers(paths: dict[str, Any]) -> None:
    for operation in (operation for path in paths.values() for operation in path.values()):
        for status, response in operation["responses"].items():
            response["headers"] = _REQUEST_ID | (_RETRY_AFTER if status in _TRY_AGAIN else {})


def _describe_fields(schemas: dict[str, Any]) -> None:
    for schema in Schema.__subclasses__():
        if schema.__name__ in schemas:
            for name, text in attribute_docstrings(schema).items():
                schemas[schema.__name__]["properties"][name]["description"] = text


def _leave_open(schemas: dict[str, Any]) -> None:
    """Let answers grow: some generated clients refuse one with a field that a closed schema does not name."""
    for schema in schemas.values():
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
