"""What the documents point to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks/README.md",
    ROOT / "benchmarks/history.md",
]
HALVES = ("service", "training")


def files(text: str) -> Iterator[str]:
    """Names of source files in backticks, those of the halves without their first folder too."""
    return (
        name for name in re.findall(r"`([\w./-]+)`", text) if name.endswith((".py", ".sh", ".yaml", ".yml"))
    )


def links(text: str) -> Iterator[str]:
    """Targets of links that stay in the repository."""
    return (target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_links_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    places = [ROOT, document.parent, *(ROOT / half for half in HALVES)]
    known = {path.name for half in HALVES for path in (ROOT / half).rglob("*.py")}
    named = set(files(text))
    lost = {name for name in named if not any((place / name).exists() for place in places)}
    assert not {name for name in lost if "/" in name or name not in known}
    assert not {link for link in links(text) if not (document.parent / link).exists()}


def test_what_documents_name_is_found() -> None:
    text = "`http/routes.py` and `here.md`, [there](../there.md#part) and [far](https://example.com)"
    assert (list(files(text)), list(links(text))) == (["http/routes.py"], ["../there.md"])
