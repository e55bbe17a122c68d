"""What pydantic has found wrong, for one line."""

from pydantic import ValidationError


def first_fault(error: ValidationError) -> str:
    """Where the first thing that is wrong is, and what: `labels.0.id: Field required`."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "all of it"
    return f"{place}: {first['msg']}"
