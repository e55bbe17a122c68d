"""Lists in settings."""


def split(value: str) -> tuple[str, ...]:
    """The parts of a setting that are separated by commas."""
    return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)
