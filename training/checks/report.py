"""The findings as one HTML file that needs nothing else: pictures inside, no script, light and dark."""

import base64
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from jinja2 import Environment, PackageLoader, select_autoescape
from PIL import Image

from service.errors import UnusableImage
from service.pictures.images import decode
from training.checks.findings import GRAVE, KINDS, REMEDIES
from training.checks.inspection import Inspection
from training.data.trees import is_endless

SHOWN: Final = 48
"""Findings of a kind that are shown with pictures; the JSON has all."""
PICTURES: Final = 6
"""Pictures of one finding."""
EXAMPLES: Final = 2
"""Typical pictures beside a doubtful one, of different people."""
SIDE: Final = 112
SHOWN_FILES: Final = 5
"""Files of a kind that are named in a table."""


def render(inspection: Inspection, title: str) -> str:
    """The report as HTML."""
    environment = Environment(
        loader=PackageLoader("training.checks", "templates"), autoescape=select_autoescape(default=True)
    )
    return environment.get_template("report.html").render(
        title=title,
        inspection=inspection,
        kinds=KINDS,
        remedies=REMEDIES,
        grave=GRAVE,
        averages=_averages(inspection),
        sections=[_section(inspection, kind) for kind, count in inspection.counts.items() if count],
    )


def _averages(inspection: Inspection) -> dict[str, str]:
    """The mean picture of every class as a data URL: a mask or a pose that all have in common shows in it."""
    survey, pictures = inspection.survey, {}
    for number, label in enumerate(survey.labels):
        mean = survey.thumbnails[survey.targets == number].mean(axis=0)
        image = Image.fromarray(mean.round().astype(np.uint8))
        pictures[label] = _data_url(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return pictures


def _section(inspection: Inspection, kind: str) -> dict[str, Any]:
    findings = inspection.of(kind)
    examples = _examples(inspection) if kind == "mislabelled" else {}
    return {
        "kind": kind,
        "text": KINDS[kind],
        "more": max(0, len(findings) - SHOWN),
        "items": [
            {
                "finding": finding,
                "pictures": [_picture(inspection.survey.root, file) for file in finding.files[:PICTURES]],
                "beside": examples.get(finding.suggestion, []),
            }
            for finding in findings[:SHOWN]
        ],
    }


def _examples(inspection: Inspection) -> dict[str, list[dict[str, str]]]:
    """Pictures per class whose label is least in doubt, to hold beside a doubtful one."""
    survey, opinion = inspection.survey, inspection.opinion
    if opinion is None:
        return {}
    chosen = {}
    for number, label in enumerate(survey.labels):
        scores = opinion.probabilities[:, number] * (survey.targets == number)
        people: dict[str, int] = {}
        for index in map(int, scores.argsort()[::-1]):
            people.setdefault(survey.photos[index].person, index)
            if len(people) == EXAMPLES:
                break
        chosen[label] = [_picture(survey.root, survey.name(index)) for index in people.values()]
    return chosen


def _picture(root: Path, file: str) -> dict[str, str]:
    """The name and a small JPEG as a data URL; no URL where the file shows nothing."""
    if is_endless(root / file):
        return {"file": file, "url": ""}
    try:
        pixels = decode((root / file).read_bytes(), min_side=SIDE).pixels
    except (OSError, UnusableImage):
        return {"file": file, "url": ""}
    image = Image.fromarray(pixels)
    image.thumbnail((SIDE, SIDE))
    return {"file": file, "url": _data_url(image)}


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def summary(inspection: Inspection) -> list[list[str]]:
    """Rows (kind, count, the first files) for a table."""
    rows = []
    for kind, count in inspection.counts.items():
        if count is None:
            rows.append([kind, "-", f"not looked for: {inspection.unasked[kind]}"])
            continue
        chosen = inspection.of(kind)
        first = "; ".join(
            (finding.files[0] if finding.files else finding.detail) for finding in chosen[:SHOWN_FILES]
        )
        rows.append([kind, str(count), first if len(first) < 100 else first[:97] + "..."])
    return rows
