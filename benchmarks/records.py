"""What the parts of `make bench` leave for its last one, a JSON file each in one folder."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks import machine

FOLDER: Final = Path("runs/bench")


def keep(folder: Path, name: str, *packages: str, **measured: Any) -> None:
    """Write `<name>.json`: when, on what and with which versions of `packages`, and what was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"date": datetime.now(UTC).date().isoformat(), "machine": machine.describe(*packages)}
    text = json.dumps(about | measured, indent=1) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")


def kept(folder: Path, name: str) -> dict[str, Any] | None:
    """What `<name>.json` says; None where that part did not run."""
    try:
        document: dict[str, Any] = json.loads((folder / f"{name}.json").read_bytes())
    except FileNotFoundError:
        return None
    return document
