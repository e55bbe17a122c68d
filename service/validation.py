"""What pydantic has found wrong, for one line."""

from pydantic import ValidationError


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Where the first thing that is wrong stands, as `labels.0.id`, and what is wrong with it.

    The place is empty where it is the whole.
    """
    first = error.errors()[0]
    return ".".join(map(str, first["loc"])), first["msg"]
