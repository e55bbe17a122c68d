"""What the parts of `make bench` leave for its last one, a JSON file each in one folder."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import machine

FOLDER: Final = Path("runs/bench")


def about(*packages: str) -> dict[str, Any]:
    """When, on what and with which versions of `packages` it is measured."""
    return {"date": datetime.now(UTC).date().isoformat(), "machine": machine.describe(*packages)}


def keep(folder: Path, name: str, *packages: str, **measured: Any) -> None:
    """Write `<name>.json`: what was measured, and all about it."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / f"{name}.json", about(*packages) | measured)


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def kept(folder: Path, name: str) -> dict[str, Any] | None:
    """What `<name>.json` says; None where that part did not run."""
    try:
        document: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
    return document
