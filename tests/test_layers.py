"""Which part of each half may know of which: whoever reads one need not know those above it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
LAYERS: Final = {
    "service": (
        ("arrays", "errors", "schemas", "stand_ins", "commas", "docstrings", "validation", "log_writer"),
        ("machine", "pictures", "logs", "lean_imports"),
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
    ),
    "training": (
        ("errors", "console", "wording", "plots", "tables", "whole_files"),
        ("interrupts", "locking", "hyperparameters", "pages"),
        ("data",),
        ("new_folders", "network"),
        ("graph", "measuring"),
        ("checks", "learning", "bundles", "look"),
        ("labelling", "quantization", "pruning", "reporting"),
        ("commands",),
        ("__main__",),
    ),
}
"""Modules and packages from the bottom to the top; those of one layer know nothing of each other."""
HEIGHTS: Final = {
    f"{half}.{name}": height
    for half, layers in LAYERS.items()
    for height, names in enumerate(layers)
    for name in names
}
WEB: Final = {"fastapi", "starlette", "uvicorn"}
"""Who answers over HTTP; only whoever speaks it imports them."""
SPEAK_HTTP: Final = {"service.http", "service.app", "service.serving", "service.processes"}


def modules(half: str) -> Iterator[Path]:
    return (path for path in (ROOT / half).rglob("*.py") if path != ROOT / half / "__init__.py")


def imported(paths: Iterable[Path]) -> set[str]:
    """Full names of all that these files import, wherever in them they do."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(name: str) -> str:
    """The module or package of a half that a full name belongs to."""
    return ".".join(name.split(".")[:2])


def part_of(path: Path) -> str:
    return part(".".join(path.relative_to(ROOT).with_suffix("").parts))


def files(name: str) -> list[Path]:
    """The Python files of a part."""
    return [path for path in modules(name.split(".")[0]) if part_of(path) == name]


def test_every_part_has_its_layer() -> None:
    assert {part_of(path) for half in LAYERS for path in modules(half)} == set(HEIGHTS)


@pytest.mark.parametrize("name", HEIGHTS)
def test_a_part_knows_nothing_of_its_layer_and_those_above_it(name: str) -> None:
    half = name.split(".")[0]
    used = {part(other) for other in imported(files(name)) if other.startswith(f"{half}.")} - {name}
    assert used <= set(HEIGHTS)
    assert not {other for other in used if HEIGHTS[other] >= HEIGHTS[name]}


def test_only_whoever_speaks_http_knows_the_web_framework() -> None:
    names = [name for name in HEIGHTS if name.startswith("service.")]
    known = {name: {other.split(".")[0] for other in imported(files(name))} for name in names}
    assert {name for name in names if known[name] & WEB} == SPEAK_HTTP


def test_the_service_knows_nothing_of_training() -> None:
    assert "training" not in {name.split(".")[0] for name in imported(modules("service"))}
    assert "service" in {name.split(".")[0] for name in imported(modules("training"))}
