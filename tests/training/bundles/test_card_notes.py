"""The card says where a model is weak, in its own numbers."""

from html import escape
from pathlib import Path
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

from service.networks.metadata import BundleMetadata
from service.networks.onnx_file import METADATA_KEY, properties
from tests.bundles import metadata
from training.bundles.card import CARD_FILE, model_card, notes_of
from training.bundles.card_notes import chosen, ethics, intended_use, limits, people
from training.bundles.markdown import code
from training.hyperparameters import OTHER_RUNS

EYE_SHAPE: Final = Path(__file__).parents[3] / "models" / "eye-shape"


def shipped(version: int) -> BundleMetadata:
    """What a shipped model says about itself."""
    return BundleMetadata.model_validate_json(
        properties(EYE_SHAPE / str(version) / "model.onnx")[METADATA_KEY]
    )


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def bundle(**changes: Any) -> BundleMetadata:
    recalls = {"red": 0.9, "green": 0.6, "blue": 0.95}
    validation = {
        "images": 200,
        "people": 90,
        "accuracy": estimate(0.85),
        "classes": {
            name: {"recall": estimate(value), "support": 20 if name == "green" else 90}
            for name, value in recalls.items()
        },
        "confusion": [[81, 9, 0], [2, 12, 6], [0, 4, 86]],
        "groups": {
            "source=phone": {"images": 40, "accuracy": estimate(0.7)},
            "source=studio": {"images": 160, "accuracy": estimate(0.88)},
        },
    }
    return BundleMetadata.model_validate(metadata(metrics={"validation": validation}, **changes))


def rendered(markdown: str) -> str:
    """HTML, made as GitHub makes it of a card."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))


def test_limits_name_the_weakest_class_and_part() -> None:
    text = limits(bundle())
    assert "Weakest on `green`: it finds 60% of these photos. 6 of 20 are taken for `blue`." in text
    assert "Few validation photos of `green` (20)" in text
    assert "source=phone (70% of 40 photos)" in text
    assert "studio" not in text


def test_a_model_without_a_mistake_is_weakest_on_nothing() -> None:
    faultless = bundle()
    classes = faultless.metrics["validation"]["classes"]
    for scores in classes.values():
        scores["recall"] = estimate(1.0)
    assert "Weakest" not in limits(faultless)
    assert "- It finds every one of these photos, which does not tell where it is weak." in limits(faultless)
    classes["green"]["recall"] = estimate(0.997)
    assert "Weakest on `green`: it finds 99.7% of these photos." in limits(faultless)


def test_a_model_of_eyes_makes_no_statement_about_origin() -> None:
    assert "no statement about origin" in ethics(bundle(crop={"scale": 1.2, "centre": 0.5}))
    assert "Where pictures show people" in ethics(bundle())


def test_use_and_people_come_from_the_metadata() -> None:
    assert "Red, Green, Blue" in intended_use(bundle())
    assert "Trained on 3 photos; measured on 200 photos of 90 others" in people(bundle())


def test_what_was_chosen_is_true_of_every_run_that_is_averaged() -> None:
    assert chosen({"best": "last", OTHER_RUNS: [{"seed": 2}]}).startswith("Only the temperature")
    assert chosen({"best": "last", OTHER_RUNS: [{"best": "loss"}]}).startswith("The best epoch")


@pytest.mark.parametrize(
    ("group", "said"),
    [("agreement=1", True), ("agreement=1.0", True), ("agreement=less than 1", False), ("rounds=1", False)],
)
def test_photos_whose_raters_all_agreed_are_found_however_one_is_written(group: str, said: bool) -> None:
    facts = shipped(4)
    part = facts.metrics["validation"]["groups"]["agreement=1"]
    facts.metrics["validation"]["groups"] = {"agreement=0.8": part, group: part}
    sentence = f"On the {part['images']} photos of {part['people']} people whose raters all agreed"
    assert (sentence in model_card(facts)) is said


def test_where_one_is_written_in_two_ways_no_part_is_all_of_the_photos() -> None:
    facts = shipped(4)
    groups = facts.metrics["validation"]["groups"]
    groups["agreement=1.0"] = groups["agreement=1"]
    assert "whose raters all agreed" not in model_card(facts)


def test_the_authors_words_stay_in_one_cell_of_the_table() -> None:
    facts = shipped(4)
    first = facts.labels[0].model_copy(
        update={"title": "Almond | oval", "description": "Long.\nIts lids | touch"}
    )
    card = model_card(facts.model_copy(update={"labels": (first, *facts.labels[1:])}))
    assert "\n| `almond` | Almond \\| oval - Long. Its lids \\| touch | " in card


ODD: Final = (
    "<script>alert(1)</script>",
    '<img src="x">',
    "[all of them](https://example.com)",
    "![all of them](https://example.com/x.png)",
    "*round* and __tall__, _not_ ~~flat~~",
    "round_eyes & a_b",
    "&lt; 3 and &#169;",
    "`code`, \\| and \\\\ | \\",
    "# 1 of\n2",
)


@pytest.mark.parametrize("words", ODD)
def test_a_card_shows_the_authors_words_as_they_are(words: str) -> None:
    facts = shipped(4)
    first = facts.labels[0].model_copy(update={"title": words, "description": words})
    page = rendered(model_card(facts.model_copy(update={"labels": (first, *facts.labels[1:])})))
    shown = escape(" ".join(words.split()))
    assert f"<td><code>almond</code></td>\n<td>{shown} - {shown}</td>\n<td>" in page
    assert f"which of 4 classes fits best: {shown}, Hooded eyes, Monolid eyes, Round eyes." in page


@pytest.mark.parametrize("name", ["a | b", "a`b", "a\\|b", "<b>", "*"])
def test_a_card_shows_odd_names_of_classes_as_they_are(name: str) -> None:
    page = rendered(f"| | |\n|---|---|\n| {code(name)} | b |\n")
    cell = page.split("<td>")[1].split("</td>")[0]
    assert cell.removeprefix("<code>").removesuffix("</code>") == escape(name)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_cards_that_are_shipped_say_what_their_metadata_say(version: int) -> None:
    facts = shipped(version)
    card = (EYE_SHAPE / str(version) / CARD_FILE).read_text(encoding="utf-8")
    notes = notes_of(card, facts)
    assert notes is not None and notes.startswith("## Read this before you use it")
    assert model_card(facts, notes) == card
