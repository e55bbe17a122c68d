"""Photos as a user would pick them, and answers about eyes to show."""

import base64
import csv
import io
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.sync_api import FilePayload, Page

from service.schemas import (
    Advice,
    Answer,
    Box,
    Classification,
    CropInfo,
    ImageSize,
    LabelInfo,
    ModelInfo,
    ModelList,
    ModelReference,
    Person,
    Timings,
    UnusableEye,
)

PORTRAIT: Final = Path(__file__).parent.parent.parent / "examples" / "portrait.jpg"
RED: Final = (220, 30, 30)
GREEN: Final = (30, 200, 40)
BLUE: Final = (30, 40, 220)
GREY: Final = (128, 128, 128)
SHAPES: Final = {
    "almond": "The lid's crease shows, the iris touches both lids and the corners taper.",
    "hooded": "A fold of skin hides most of the moving lid.",
    "monolid": "No crease shows on the upper lid.",
    "round": "White shows above or below the iris.",
}


def encoded(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def photo(name: str, colour: tuple[int, int, int] = RED, size: tuple[int, int] = (320, 240)) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": encoded(Image.new("RGB", size, colour))}


def portrait() -> FilePayload:
    return {"name": "portrait.jpg", "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()}


def choose(page: Page, *files: FilePayload) -> None:
    """Pick files in the dialog that the button opens."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose photos").click()
    chooser.value.set_files(files)


def table(page: Page) -> list[dict[str, str]]:
    """The rows of the CSV that the page offers."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    return list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))


def answer_as_eyes(page: Page) -> None:
    """Let the page believe in a model of eye shapes, which says what tiny bundles cannot."""
    page.route("**/v1/models", lambda route: route.fulfill(json=eye_models().model_dump()))
    page.route("**/v1/classify?*", lambda route: route.fulfill(json=eye_answer()))


def eye_models() -> ModelList:
    labels = [
        LabelInfo(
            id=name, title=name.title(), description=text, search=f"{name} eyes makeup", tutorial_url=None
        )
        for name, text in SHAPES.items()
    ]
    model = ModelInfo(
        name="eye-shape",
        version=3,
        description="Tells the shape of an eye from a photo of a face.",
        default=True,
        labels=labels,
        input_size=112,
        crop=CropInfo(scale=1.2, centre=0.5),
        threshold=0.5,
        metrics={},
        dataset={},
        licence="MIT",
        sha256="0" * 64,
        providers=["CPUExecutionProvider"],
    )
    return ModelList(models=[model])


def eye_answer() -> dict[str, object]:
    """A face with one clear eye, one doubtful, sure together; a second face with a closed eye."""
    right = _eye("right_eye", Box(left=172, top=92, width=44, height=44), 0.86, evidence_map())
    left = _eye("left_eye", Box(left=232, top=92, width=44, height=44), 0.41)
    answer = Answer(
        model=ModelReference(name="eye-shape", version=3),
        image=ImageSize(width=512, height=512),
        results=[right, left],
        people=[_person(right, left)],
        unusable=[
            UnusableEye(
                region="left_eye",
                face=1,
                box=Box(left=420, top=60, width=40, height=40),
                code="eye_closed",
                detail="The eye is closed; open it for the photo.",
            )
        ],
        request_id="0123456789abcdef",
        milliseconds=Timings(decode=4.0, locate=8.0, inference=21.0, total=33.0),
    )
    return answer.model_dump()


def _person(right: Classification, left: Classification) -> Person:
    shares = {name: (right.probabilities[name] + left.probabilities[name]) / 2 for name in SHAPES}
    return Person(
        face=0,
        regions=["right_eye", "left_eye"],
        label="almond",
        title="Almond",
        description=SHAPES["almond"],
        tutorial_url=right.tutorial_url,
        confidence=shares["almond"],
        certain=True,
        probabilities=shares,
    )


def _eye(
    region: Literal["left_eye", "right_eye"], box: Box, confidence: float, evidence: str | None = None
) -> Classification:
    rest = 1 - confidence
    certain = confidence > 0.5
    advice = Advice(
        code="too_dark", value=31, bound=60, message="The photo is dark: turn to a window or a lamp."
    )
    return Classification(
        region=region,
        face=0,
        box=box,
        label="almond",
        title="Almond",
        description=SHAPES["almond"],
        tutorial_url="https://example.org/search?q=almond+eyes+makeup",
        confidence=confidence,
        certain=certain,
        probabilities={
            "almond": confidence,
            "hooded": rest * 0.6,
            "monolid": rest * 0.004,
            "round": rest * 0.396,
        },
        evidence=evidence,
        advice=[] if certain else [advice],
    )


def evidence_map() -> str:
    image = Image.radial_gradient("L").resize((14, 14)).point(lambda value: 255 - value)
    tint = Image.new("RGBA", image.size, (255, 120, 0, 0))
    tint.putalpha(image)
    return "data:image/png;base64," + base64.b64encode(encoded(tint)).decode()
