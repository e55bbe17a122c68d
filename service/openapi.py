"""The OpenAPI document: made when somebody asks for it, with what the source says about each field."""

from typing import Any

from fastapi import FastAPI

from service.docstrings import attribute_docstrings
from service.schemas import Schema


class DocumentedAPI(FastAPI):
    """A FastAPI application whose document describes the fields of answers by their docstrings."""

    def openapi(self) -> dict[str, Any]:
        """The document as JSON; made once."""
        if not self.openapi_schema:
            _describe_fields(super().openapi()["components"]["schemas"])
        return super().openapi()


def _describe_fields(schemas: dict[str, Any]) -> None:
    for schema in Schema.__subclasses__():
        if schema.__name__ in schemas:
            for name, text in attribute_docstrings(schema).items():
                schemas[schema.__name__]["properties"][name]["description"] = text
