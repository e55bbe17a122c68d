"""The labelling page in Chromium: keys, undo, reload, two tabs, and a server that is killed."""

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open, Shoot, enlarge_text, until
from tests.bundles import metadata, write_bundle
from tests.labelling import labelling
from tests.training.checks.pictures import save, scene
from training.labelling.journal import Entry, Journal, read, standing

pytestmark = pytest.mark.browser

CLASSES = "id,title,description\ncat,Cat,Purrs.\ndog,Dog,Barks.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(10):
        save(scene(seed, size=200), tmp_path / f"{seed}.png")
    (tmp_path / "classes.csv").write_text(CLASSES)
    return tmp_path


def press(page: Page, key: str, done: int) -> None:
    expect(page.locator("#photo, #unreadable").filter(visible=True)).to_be_visible()
    page.keyboard.press(key)
    expect(page.locator("#count")).to_have_text(re.compile(rf"^{done} of 10"))


def answer_unheard(page: Page, process: subprocess.Popen[str]) -> None:
    """Kill the server, then give the photo that is shown the first class."""
    process.kill()
    process.wait()
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_be_visible()


IN_SIGHT = """
(button) => {
  const { left, top, right, bottom } = button.getBoundingClientRect();
  const places = [top + 8, (top + bottom) / 2, bottom - 8];
  return places.every((y) => button.contains(document.elementFromPoint((left + right) / 2, y)));
}
"""


def labels(folder: Path) -> dict[str, str]:
    return {file: entry.label for file, entry in standing(read(folder)).get("ann", {}).items()}


def port_of(address: str) -> str:
    return address.rstrip("/").rsplit(":", 1)[1]


def test_keys_undo_skip_and_a_reload_in_the_middle(folder: Path, open_page: Open, shoot: Shoot) -> None:
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address)
        file = page.locator("#file")
        expect(file).to_have_text(re.compile("png"))
        first = file.inner_text()
        press(page, "1", 1)
        second = file.inner_text()
        press(page, "2", 2)
        press(page, "s", 3)
        press(page, "u", 2)
        third = file.inner_text()
        page.reload()
        expect(file).to_have_text(third)
        press(page, "u", 1)
        expect(file).to_have_text(second)
        assert labels(folder) == {first: "cat"}
        page.get_by_role("button", name=re.compile("Dog")).click()
        expect(page.locator("#count")).to_have_text("2 of 10")
        shoot(page, "labelling-light")
        page.emulate_media(color_scheme="dark")
        shoot(page, "labelling-dark")
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        shoot(page, "labelling-360")
    assert labels(folder) == {first: "cat", second: "dog"}


def test_two_tabs_share_the_work_to_the_end(folder: Path, open_page: Open) -> None:
    with labelling(folder, "--rater", "ann") as (address, _):
        pages = [open_page(address), open_page(address)]
        expect(pages[1].locator("#file")).to_have_text(re.compile("png"))
        assert pages[0].locator("#file").inner_text() != pages[1].locator("#file").inner_text()
        for done in range(1, 11):
            press(pages[done % 2], str(1 + done % 2), done)
        expect(pages[0].get_by_role("heading", name="All done")).to_be_visible()
    assert len(labels(folder)) == 10 and sorted(labels(folder).values()) == ["cat"] * 5 + ["dog"] * 5


def test_a_duplicated_tab_becomes_a_tab_of_its_own(folder: Path, open_page: Open) -> None:
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address)
        expect(page.locator("#file")).to_have_text(re.compile("png"))
        with page.expect_popup() as popup:
            page.evaluate("window.open(location.href)")  # copies the session storage, like "Duplicate tab"
        copy = popup.value
        expect(copy.locator("#file")).to_have_text(re.compile("png"))
        assert copy.locator("#file").inner_text() != page.locator("#file").inner_text()
        press(page, "1", 1)
        press(copy, "2", 2)
        expect(page.locator("#file")).not_to_have_text(copy.locator("#file").inner_text())
        page.keyboard.press("u")  # the count may be 1 before, where it has not heard of the other tab
        until(page, lambda: list(labels(folder).values()) == ["dog"])


def test_a_second_opinion_ends_with_the_agreement(folder: Path, open_page: Open) -> None:
    with Journal(folder) as journal:
        for seed in range(3):
            journal.append(Entry("bob", f"{seed}.png", "label", ("cat", "dog")[seed % 2]))
    with labelling(folder, "--rater", "ann", "--second-opinion") as (address, _):
        page = open_page(address)
        for done, total in ((0, 3), (1, 3), (2, 3)):
            expect(page.locator("#count")).to_have_text(f"{done} of {total}")
            expect(page.locator("#photo")).to_be_visible()
            shown = int(page.locator("#file").inner_text().removesuffix(".png"))
            page.keyboard.press("21"[shown % 2])  # always the other label
        expect(page.get_by_role("heading", name="All done")).to_be_visible()
        said = "You and bob agree on 0 % of 3 photos (Cohen's kappa -0.80)."
        expect(page.locator("#finished .facts")).to_have_text(said)
        expect(page.locator("#sort")).to_contain_text(f'training sort "{folder}" sorted')


def test_the_suggestion_of_a_model_is_taken_with_enter(folder: Path, open_page: Open, tmp_path: Path) -> None:
    write_bundle(tmp_path / ".models", metadata())
    options = ["--rater", "ann", "--model", str(tmp_path / ".models/colours"), "--classes", "red,green,blue"]
    with labelling(folder, *options) as (address, _):
        page = open_page(address)
        expect(page.locator("#suggestion")).to_have_text(re.compile("The model says (Red|Green|Blue)"))
        suggested = page.locator("#suggestion b").inner_text()
        press(page, "Enter", 1)
        expect(page.locator("#work .facts")).to_contain_text("It was right on 1 of the 1 photos you answered")
    assert list(labels(folder).values()) == [suggested.lower()]


def test_a_killed_server_loses_nothing_and_the_page_waits_for_it(folder: Path, open_page: Open) -> None:
    with labelling(folder, "--rater", "ann") as (address, process):
        page = open_page(address)
        expect(page.locator("#file")).to_have_text(re.compile("png"))
        press(page, "1", 1)
        press(page, "2", 2)
        expect(page.locator("#photo")).to_be_visible()
        kept = labels(folder)
        waiting = page.locator("#file").inner_text()
        answer_unheard(page, process)
        page.keyboard.press("2")  # what follows an answer that is not saved must not overtake it
        assert labels(folder) == kept
        with labelling(folder, "--rater", "ann", "--port", port_of(address)):
            page.get_by_role("button", name="Try again").click()
            expect(page.locator("#count")).to_have_text("3 of 10")
            expect(page.get_by_role("alert")).to_be_hidden()
    assert labels(folder) == {**kept, waiting: "cat"}


def test_a_photo_that_came_while_the_server_was_down_takes_no_answer_of_another(
    folder: Path, open_page: Open
) -> None:
    with labelling(folder, "--rater", "ann") as (address, process):
        page = open_page(address)
        expect(page.locator("#photo")).to_be_visible()
        shown = page.locator("#file").inner_text()
        answer_unheard(page, process)
        for name in ("-1.png", "-2.png", "-3.png"):
            save(scene(11, size=200), folder / name)
        with labelling(folder, "--rater", "ann", "--port", port_of(address)):
            page.get_by_role("button", name="Try again").click()
            expect(page.locator("#count")).to_have_text("1 of 13")
    assert labels(folder) == {shown: "cat"}


def test_an_answer_that_the_next_program_refuses_is_told_and_work_goes_on(
    folder: Path, open_page: Open
) -> None:
    with labelling(folder, "--rater", "ann") as (address, process):
        page = open_page(address)
        expect(page.locator("#photo")).to_be_visible()
        answer_unheard(page, process)
        (folder / "classes.csv").write_text("id,title,description\nrose,Rose,Red.\ntulip,Tulip,Yellow.\n")
        with labelling(folder, "--rater", "ann", "--port", port_of(address)):
            page.get_by_role("button", name="Try again").click()
            expect(page.get_by_role("alert")).to_have_text(
                re.compile("not taken. Expected one of the classes")
            )
            press(page, "2", 1)
            expect(page.get_by_role("alert")).to_be_hidden()
    assert list(labels(folder).values()) == ["tulip"]


def test_a_page_of_another_folder_shows_the_photos_that_are_there_now(
    folder: Path, open_page: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    for seed in range(10):
        save(scene(seed + 50, size=200), other / f"{seed}.png")
    (other / "classes.csv").write_text(CLASSES)
    with labelling(folder, "--rater", "ann") as (address, process):
        page = open_page(address)
        expect(page.locator("#photo")).to_be_visible()
        process.kill()
        process.wait()
        with labelling(other, "--rater", "ann", "--port", port_of(address)):
            with page.expect_navigation():
                page.keyboard.press("1")
            press(page, "2", 1)
    assert labels(folder) == {} and list(labels(other).values()) == ["dog"]


def test_no_class_is_given_to_a_photo_before_it_is_seen(folder: Path, open_page: Open) -> None:
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address)
        expect(page.locator("#photo")).to_be_visible()
        held: list[Route] = []
        page.route("**/photos/*", lambda route: held.append(route))
        page.keyboard.press("1")
        expect(page.locator("#count")).to_have_text("1 of 10")
        expect(page.locator("#photo")).to_be_hidden()
        until(page, lambda: bool(held))
        page.keyboard.press("2")
        for route in held:
            route.continue_()
        press(page, "1", 2)
    assert list(labels(folder).values()) == ["cat", "cat"]


def test_the_photo_stays_in_sight_beside_many_classes(folder: Path, open_page: Open, shoot: Shoot) -> None:
    rows = [f"c{number},Class {number},How to know class number {number}." for number in range(30)]
    (folder / "classes.csv").write_text("\n".join(["id,title,description", *rows]))
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address)
        page.set_viewport_size({"width": 1280, "height": 720})
        last = page.get_by_role("button", name=re.compile("Class 29"))
        for _ in range(2):
            expect(page.locator("#photo")).to_be_in_viewport(ratio=1)
            expect(page.locator("#skip")).to_be_in_viewport(ratio=1)
            shoot(page, "labelling-many")
            last.scroll_into_view_if_needed()
        press(page, "S", 1)  # as Caps Lock writes it


def test_progress_shows_in_the_colours_of_the_device(folder: Path, open_page: Open, shoot: Shoot) -> None:
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address, forced_colors="active")
        press(page, "1", 1)
        expect(page.get_by_role("progressbar")).to_have_css("border-top-width", "1px")
        shoot(page, "labelling-forced-colours")


def test_a_file_that_is_no_picture_gets_no_class_and_can_be_skipped(
    folder: Path, open_page: Open, shoot: Shoot
) -> None:
    for path in folder.glob("*.png"):
        path.write_bytes(b"\0\0\0\x18ftypheic" + b"an iPhone's photo")
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address)
        why = re.compile(r"\.png cannot be shown, so it gets no class: .*a HEIC photo.* Skip it\.$")
        expect(page.locator("#unreadable")).to_have_text(why)
        expect(page.get_by_role("status")).to_have_text(why)
        cat = page.get_by_role("button", name=re.compile("Cat"))
        expect(cat).to_be_disabled()
        shoot(page, "labelling-unreadable")
        page.keyboard.press("1")
        cat.click(force=True)
        press(page, "s", 1)
        save(scene(0, size=200), folder / page.locator("#file").inner_text())
        page.reload()
        expect(cat).to_be_enabled()
        press(page, "1", 2)
    assert list(labels(folder).values()) == ["", "cat"]


@pytest.mark.parametrize("width, height, large", [(320, 256, False), (740, 360, False), (360, 640, True)])
def test_class_with_the_focus_is_in_sight(
    folder: Path, open_page: Open, width: int, height: int, large: bool
) -> None:
    with labelling(folder, "--rater", "ann") as (address, _):
        page = open_page(address, viewport={"width": width, "height": height})
        if large:
            enlarge_text(page)
        expect(page.locator("#photo")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        for key, name in [("Tab", "Cat"), ("Tab", "Dog"), ("Shift+Tab", "Cat")]:
            page.keyboard.press(key)
            button = page.get_by_role("button", name=re.compile(name))
            expect(button).to_be_focused()
            assert button.evaluate(IN_SIGHT)
