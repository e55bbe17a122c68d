"""What the eye locator's bundle says about itself: `locator.json`."""

import json
from pathlib import Path
from typing import Any, Final

from service.errors import InvalidBundle
from service.networks.folders import named, versions

DOCUMENT: Final = "locator.json"
_NETWORKS: Final = ("faces-near", "faces-far", "mesh", "eye")


def newest_locator(folder: Path) -> Path | None:
    """Folder of the highest version of the bundle `models/<name>`; None where there is none.

    Raises InvalidBundle for a folder that may not be read.
    """
    found = versions(folder, DOCUMENT)
    return folder / str(found[-1]) if found else None


def read_document(folder: Path) -> dict[str, Any]:
    """The bundle's document; raises InvalidBundle where it is missing, broken or of another version."""
    path = folder / DOCUMENT
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidBundle(f"{path}: expected the locator's JSON document: {error}") from error
    if not isinstance(document, dict):
        raise InvalidBundle(f"{path}: expected a JSON object. Received: {type(document).__name__}.")
    if document.get("schema_version") != 1 or "networks" not in document:
        raise InvalidBundle(f"{path}: expected schema_version 1 with networks. Received: {list(document)}.")
    return document


def networks(folder: Path) -> list[Path]:
    """Files of the detectors of near and of far faces, of the mesh and of the eye.

    Raises InvalidBundle where the document does not name them.
    """
    files = read_document(folder)["networks"]
    try:
        return [named(folder / DOCUMENT, files[name]["file"]) for name in _NETWORKS]
    except (LookupError, TypeError) as error:
        raise InvalidBundle(f"{folder}: expected a network {error} in its document.") from None
