"""Which part of the service may know of which: whoever reads one layer need not know those above it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

SERVICE: Final = Path(__file__).parents[2] / "service"
LAYERS: Final = (
    ("errors", "schemas", "commas", "docstrings", "lean_imports", "log_writer"),
    ("machine", "pictures", "logs"),
    ("networks",),
    ("settings", "locator"),
    ("serving",),
    ("processes",),
    ("answering",),
    ("lifecycle", "metrics"),
    ("tuning", "dataplane"),
    ("http",),
    ("app",),
    ("command",),
    ("__main__",),
)
"""From the bottom to the top; those of one layer know nothing of each other."""
HEIGHT: Final = {name: height for height, layer in enumerate(LAYERS) for name in layer}
WEB: Final = {"fastapi", "starlette", "uvicorn"}
"""Who answers over HTTP; only whoever talks HTTP imports them."""
SPEAKS_HTTP: Final = {"http", "app", "serving", "processes"}


def modules() -> Iterator[Path]:
    return (path for path in SERVICE.rglob("*.py") if path.name != "__init__.py")


def imported(path: Path) -> set[str]:
    """Full names of all modules and names that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(path: Path) -> str:
    return path.relative_to(SERVICE).parts[0].removesuffix(".py")


def test_every_part_has_its_layer() -> None:
    assert {part(path) for path in modules()} == set(HEIGHT)


@pytest.mark.parametrize("name", HEIGHT)
def test_a_layer_knows_nothing_of_those_above_it(name: str) -> None:
    used = {
        other.split(".")[1]
        for path in modules()
        if part(path) == name
        for other in imported(path)
        if other.startswith("service.")
    } - {name}
    assert not {other for other in used if HEIGHT[other] >= HEIGHT[name]}


def test_only_whoever_speaks_http_knows_the_web_framework() -> None:
    know = {part(path) for path in modules() if {name.split(".")[0] for name in imported(path)} & WEB}
    assert know == SPEAKS_HTTP


def test_the_service_knows_nothing_of_training() -> None:
    assert not [path for path in modules() if any(name.startswith("training") for name in imported(path))]
