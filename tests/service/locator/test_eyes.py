import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from benchmarks.drawn_eyes import with_dark_glasses, with_shut_eyes
from service.answering import targets
from service.errors import InvalidBundle
from service.locator.eyes import Eye, EyeLocator, Face
from service.networks.metadata import CropGeometry
from service.networks.runtime import Runtime
from service.pictures.geometry import RGB, Point, Square, cut
from service.pictures.images import decode

ROOT = Path(__file__).parents[3]
# Corners by MediaPipe 0.10.21 itself: outer and inner, in pixels of the 512 x 512 portrait.
RIGHT = ((195.2, 100.8), (213.6, 103.5))
LEFT = ((255.6, 104.4), (237.0, 104.9))
WIDTH = 18.6
NEGATIVES = sorted((ROOT / "tests/data/pictures").glob("*.jpg"))


@pytest.fixture(scope="module")
def locator() -> EyeLocator:
    return EyeLocator(ROOT / "models/eye-locator/1", Runtime(1))


@pytest.fixture(scope="module")
def portrait() -> RGB:
    return decode((ROOT / "examples/portrait.jpg").read_bytes()).pixels


@pytest.fixture(scope="module")
def face(locator: EyeLocator, portrait: RGB) -> Face:
    return locator.locate(portrait)[0]


def only_face(locator: EyeLocator, picture: RGB) -> Face:
    faces = locator.locate(picture, every_face=True)
    assert len(faces) == 1
    return faces[0]


def error(eye: Eye, corners: tuple[Point, Point], scale: float = 1.0) -> float:
    """Mean distance of the corners from where they should be, in eye widths."""
    found = (eye.outer, eye.inner)
    return sum(math.dist(a, b) for a, b in zip(found, corners, strict=True)) / 2 / (WIDTH * scale)


def moved(corners: tuple[Point, Point], scale: float) -> tuple[Point, Point]:
    (ax, ay), (bx, by) = corners
    return (ax * scale, ay * scale), (bx * scale, by * scale)


def resized(picture: RGB, side: int) -> RGB:
    return np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS))


def codes(eye: Eye) -> set[str]:
    return {item.code for item in eye.advice}


def test_finds_both_eyes_where_mediapipe_does(face: Face) -> None:
    assert error(face.right, RIGHT) < 0.03
    assert error(face.left, LEFT) < 0.03
    assert face.left.side == "left" and face.eyes == (face.left, face.right)
    assert (face.left.state, face.right.state) == ("open", "open")
    assert abs(face.roll - 3.3) < 1.0 and abs(face.yaw) < 5.0
    left, top, width, height = face.box
    assert left < 195 < 255 < left + width and top < 101 < top + height
    assert face.area == width * height


def test_square_is_the_crop_geometry_around_the_corners(face: Face) -> None:
    square = face.left.square(scale=2.0, centre=0.55)
    assert square.side == pytest.approx(2 * face.left.width)
    assert square.left + square.side / 2 == pytest.approx((face.left.outer[0] + face.left.inner[0]) / 2)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_exif_orientation_changes_nothing(locator: EyeLocator, portrait: RGB, orientation: int) -> None:
    turns = {3: 2, 6: 1, 8: 3}[orientation]
    image = Image.fromarray(np.ascontiguousarray(np.rot90(portrait, turns)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95, exif=exif)
    found = only_face(locator, decode(file.getvalue()).pixels)
    assert error(found.right, RIGHT) < 0.05
    assert error(found.left, LEFT) < 0.05


def test_a_mirrored_photo_swaps_left_and_right(locator: EyeLocator, portrait: RGB) -> None:
    found = only_face(locator, np.ascontiguousarray(portrait[:, ::-1]))
    mirrored = tuple((512 - x, y) for x, y in RIGHT)
    assert error(found.left, (mirrored[0], mirrored[1])) < 0.08


@pytest.mark.parametrize("degrees", [-45, -30, 30, 45])
def test_a_tilted_head_keeps_its_eyes(locator: EyeLocator, portrait: RGB, degrees: int) -> None:
    turned = np.asarray(Image.fromarray(portrait).rotate(degrees, resample=Image.Resampling.BICUBIC))
    found = only_face(locator, turned)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for eye, corners in ((found.left, LEFT), (found.right, RIGHT)):
        outer, inner = (
            (256 + cosine * (x - 256) + sine * (y - 256), 256 - sine * (x - 256) + cosine * (y - 256))
            for x, y in corners
        )
        assert error(eye, (outer, inner)) < 0.08
    assert found.roll == pytest.approx(3.3 - degrees, abs=3)
    assert ("tilted" in codes(found.left)) == (abs(found.roll) > 30)


@pytest.mark.parametrize("side", [200, 3464])
def test_the_size_of_the_photo_does_not_matter(locator: EyeLocator, portrait: RGB, side: int) -> None:
    found, scale = only_face(locator, resized(portrait, side)), side / 512
    # At 200 pixels an eye is seven pixels wide.
    bound = 0.15 if side == 200 else 0.08
    assert error(found.left, moved(LEFT, scale), scale) < bound
    assert error(found.right, moved(RIGHT, scale), scale) < bound


def test_finds_a_small_face_in_a_big_picture(locator: EyeLocator, portrait: RGB) -> None:
    picture = np.full((1600, 2400, 3), 120, np.uint8)
    picture[900:1412, 1700:2212] = portrait
    found = only_face(locator, picture)
    assert error(found.left, tuple((x + 1700, y + 900) for x, y in LEFT)) < 0.1  # type: ignore[arg-type]


def test_takes_the_largest_of_two_faces(locator: EyeLocator, portrait: RGB) -> None:
    # A group photo: heads and shoulders, cut close enough to be seen in one look.
    head = portrait[20:280, 90:350]
    picture = np.full((260, 480, 3), 120, np.uint8)
    picture[:, :260] = head
    picture[20:220, 270:470] = resized(head, 200)
    faces = locator.locate(picture, every_face=True)
    assert [face.box[0] > 260 for face in faces] == [False, True]
    assert len(locator.locate(picture)) == 1
    assert locator.locate(picture)[0].box == faces[0].box


@pytest.mark.parametrize("path", NEGATIVES, ids=lambda path: path.stem)
def test_animals_objects_and_textures_have_no_eyes(locator: EyeLocator, path: Path) -> None:
    picture = decode(path.read_bytes()).pixels
    assert locator.locate(picture) == []
    assert locator.closeup(picture) is None


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("path", NEGATIVES, ids=lambda path: path.stem)
def test_nor_have_they_turned_and_enlarged(locator: EyeLocator, path: Path, factor: int) -> None:
    image = Image.open(path).convert("RGB")
    large = image.resize((image.width * factor, image.height * factor), Image.Resampling.BICUBIC)
    for turns in range(4):
        picture = np.ascontiguousarray(np.rot90(np.asarray(large), turns))
        assert not any(eye.state == "open" for face in locator.locate(picture, True) for eye in face.eyes)


def test_blank_and_noisy_pictures_have_no_eyes(locator: EyeLocator) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (120, 200, 3)).astype(np.uint8)
    slope = np.broadcast_to(np.arange(200, dtype=np.uint8)[None, :, None], (120, 200, 3))
    for picture in (noise, np.ascontiguousarray(slope), np.full((90, 90, 3), 255, np.uint8)):
        assert locator.locate(picture) == []
        assert locator.closeup(picture) is None


def test_one_pixel_is_no_face(locator: EyeLocator) -> None:
    pixel = np.zeros((1, 1, 3), np.uint8)
    assert locator.locate(pixel) == []
    assert locator.closeup(pixel) is None


@pytest.mark.parametrize("mirrored", [False, True])
def test_knows_an_eye_from_near(locator: EyeLocator, mirrored: bool) -> None:
    picture = decode((ROOT / "examples/eye.jpg").read_bytes()).pixels
    picture = np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture
    assert locator.closeup(picture) is not None


@pytest.mark.parametrize("mirrored", [False, True])
def test_knows_where_the_eye_is_from_near(locator: EyeLocator, mirrored: bool) -> None:
    picture = decode((ROOT / "examples/eye.jpg").read_bytes()).pixels
    picture = np.ascontiguousarray(picture[:, ::-1]) if mirrored else picture
    closeup = locator.closeup(picture)
    assert closeup is not None and closeup.corners is not None
    (ax, ay), (bx, by) = corners = closeup.corners
    assert ax < bx
    # The file is a square of 2.0 eye widths, the eye's middle at 55 % of its height.
    assert math.dist(*corners) == pytest.approx(112, rel=0.12)
    assert ((ax + bx) / 2, (ay + by) / 2) == pytest.approx((112, 123), abs=12)


def test_a_wide_closeup_is_cut_to_what_the_network_knows(locator: EyeLocator) -> None:
    wide = decode((ROOT / "examples/eye.jpg").read_bytes()).pixels
    crop = CropGeometry(scale=1.2, centre=0.5)
    found = targets.find(wide, locator, crop, "auto", every_face=False)
    assert found is not None
    (target,) = found.targets
    assert (target.region, target.face) == ("whole", None)
    assert target.square.side == pytest.approx(1.2 * 112, rel=0.12)
    again = targets.find(cut(wide, target.square, 134), locator, crop, "auto", every_face=False)
    assert again is not None
    assert again.targets[0].square == Square.central(134, 134)


def test_a_closeup_is_not_searched_for_faces(locator: EyeLocator, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[RGB] = []

    def search(picture: RGB, every_face: bool = False) -> list[Face]:
        searched.append(picture)
        return []

    monkeypatch.setattr(locator, "search", search)
    picture, crop = (
        decode((ROOT / "examples/eye.jpg").read_bytes()).pixels,
        CropGeometry(scale=1.2, centre=0.5),
    )
    assert targets.find(picture, locator, crop, "auto", every_face=False) is not None
    assert not searched
    assert targets.find(picture, locator, crop, "eyes", every_face=False) is None
    assert len(searched) == 1


def test_a_face_that_is_not_obvious_is_no_closeup(locator: EyeLocator, portrait: RGB) -> None:
    picture = np.full((1600, 2400, 3), 120, np.uint8)
    picture[900:1412, 1700:2212] = portrait
    assert not locator.obvious(picture)
    found = targets.find(picture, locator, CropGeometry(scale=1.2, centre=0.5), "auto", every_face=False)
    assert found is not None
    assert [target.region for target in found.targets] == ["left_eye", "right_eye"]


def test_other_parts_of_a_face_are_no_eye(locator: EyeLocator, portrait: RGB, face: Face) -> None:
    x, y = int(face.box[0]), int(face.box[1])
    mouth, hair = portrait[y + 66 : y + 102, x + 28 : x + 64], portrait[y - 40 : y - 4, x : x + 36]
    assert locator.closeup(np.ascontiguousarray(mouth)) is None
    assert locator.closeup(np.ascontiguousarray(hair)) is None


def test_closed_eyes_are_closed(locator: EyeLocator, portrait: RGB, face: Face) -> None:
    shut = only_face(locator, with_shut_eyes(portrait, face))
    assert [eye.state for eye in shut.eyes] == ["closed", "closed"]


@pytest.mark.parametrize("opacity", [0.85, 1.0])
def test_eyes_behind_dark_glasses_are_hidden(
    locator: EyeLocator, portrait: RGB, face: Face, opacity: float
) -> None:
    masked = only_face(locator, with_dark_glasses(portrait, face, opacity))
    assert [eye.state for eye in masked.eyes] == ["hidden", "hidden"]


def test_a_good_photo_needs_no_advice(locator: EyeLocator, portrait: RGB) -> None:
    assert [codes(eye) for eye in only_face(locator, resized(portrait, 1024)).eyes] == [set(), set()]


def test_advice_names_what_is_wrong(locator: EyeLocator, portrait: RGB, face: Face) -> None:
    assert codes(face.left) == {"face_too_small"}
    small = face.left.advice[0]
    assert (round(small.value, 1), small.bound) == (round(face.left.width, 1), 24.0)
    large = resized(portrait, 1024)
    assert "too_dark" in codes(only_face(locator, large // 6).left)
    blurred = np.asarray(Image.fromarray(large).filter(ImageFilter.GaussianBlur(4)))
    assert "blurred" in codes(only_face(locator, blurred).left)
    cut_through = np.ascontiguousarray(large[:, :495])
    assert "eye_cut_off" in codes(only_face(locator, cut_through).left)


def test_threads_share_one_locator(locator: EyeLocator, portrait: RGB, face: Face) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(locator.locate, [portrait] * 8))
    assert {faces[0].left.outer for faces in found} == {face.left.outer}


def test_the_example_eye_is_the_eye_of_the_example_portrait(portrait: RGB, face: Face) -> None:
    shipped = decode((ROOT / "examples/eye.jpg").read_bytes()).pixels.astype(float)
    again = cut(portrait, face.left.square(2.0, 0.55), 224).astype(float)
    assert np.abs(shipped - again).mean() < 4.0


def test_an_incomplete_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match="locator's JSON document"):
        EyeLocator(tmp_path)
    (tmp_path / "locator.json").write_text('{"schema_version": 1, "networks": {}}')
    with pytest.raises(InvalidBundle, match="expected a network 'faces-near'"):
        EyeLocator(tmp_path)
    document = (ROOT / "models/eye-locator/1/locator.json").read_text()
    (tmp_path / "locator.json").write_text(document)
    with pytest.raises(InvalidBundle, match="nothing at this path"):
        EyeLocator(tmp_path)
    (tmp_path / "faces-near.onnx").write_bytes(b"broken")
    with pytest.raises(InvalidBundle, match="cannot load this file"):
        EyeLocator(tmp_path)
    (tmp_path / "locator.json").write_text('{"schema_version": 2}')
    with pytest.raises(InvalidBundle, match="expected schema_version 1"):
        EyeLocator(tmp_path)
