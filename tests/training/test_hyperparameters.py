import argparse
import dataclasses
import re
from pathlib import Path

import pytest

from training.errors import TrainingError
from training.hyperparameters import OTHER_RUNS, HyperParameters, recipes_of


def parsed(*arguments: str) -> HyperParameters:
    parser = argparse.ArgumentParser()
    HyperParameters.add_options(parser)
    return HyperParameters.from_options(parser.parse_args(arguments))


def test_defaults_are_the_original_recipe() -> None:
    recipe = parsed()
    assert recipe == HyperParameters()
    assert (recipe.head, recipe.hidden, recipe.dropout, recipe.epochs, recipe.batch) == (
        "original",
        256,
        0.5,
        50,
        16,
    )


def test_every_field_is_an_option_with_a_meaning() -> None:
    parser = argparse.ArgumentParser()
    HyperParameters.add_options(parser)
    for field in dataclasses.fields(HyperParameters):
        assert f"--{field.name.replace('_', '-')}" in parser.format_help()
        assert field.metadata["text"]


def test_options_are_typed() -> None:
    recipe = parsed("--size", "96", "--learning-rate", "1e-3", "--head", "gap", "--unfreeze", "block5")
    assert (recipe.size, recipe.learning_rate, recipe.head, recipe.cut) == (96, 1e-3, "gap", "block4_pool")


def test_value_out_of_range_is_refused() -> None:
    with pytest.raises(TrainingError, match="Expected size from 32 to 1024. Received: 16"):
        parsed("--size", "16")
    with pytest.raises(TrainingError, match="Expected head as one of .* Received: 'tail'"):
        HyperParameters(head="tail")


@pytest.mark.parametrize(
    ("options", "remedy", "expected"),
    [
        ("--heads 4", "--head conv", "--head conv with --heads 4. Received: original."),
        ("--variation strong", "--augment 1", "--augment with --variation strong. Received: none."),
        ("--hidden 8 --head gap", "--head conv", "--head original or conv with --hidden 8. Received: gap."),
        (
            "--logit-shares 0.5",
            "--class-weights logits",
            "--class-weights logits with --logit-shares 0.5. Received: balanced.",
        ),
        (
            "--fine-tune-rate 1e-4",
            "--unfreeze block5",
            "--unfreeze with --fine-tune-rate 0.0001. Received: none.",
        ),
        (
            "--fine-tune-epochs 3",
            "--unfreeze block5",
            "--unfreeze with --fine-tune-epochs 3. Received: none.",
        ),
        (
            "--fine-tune-epochs 3 --unfreeze block5 --fine-tune-from start",
            "--fine-tune-from head",
            "--fine-tune-from head with --fine-tune-epochs 3. Received: start.",
        ),
    ],
)
def test_a_choice_without_effect_is_named(options: str, remedy: str, expected: str) -> None:
    recipe = parsed(*options.split())  # `thin` takes them, and runs were made with them
    with pytest.raises(TrainingError) as refusal:
        recipe.check_effects()
    assert str(refusal.value) == f"Expected {expected}"
    parsed(*options.split(), *remedy.split()).check_effects()


def test_defaults_and_the_recipe_of_the_shipped_model_are_choices_with_effect() -> None:
    values = {
        field.name: getattr(HyperParameters(), field.name) for field in dataclasses.fields(HyperParameters)
    }
    given = [text for name, value in values.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    parsed(*given).check_effects()
    makefile = (Path(__file__).parents[2] / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    recipe, tuned = (re.search(f"^{name} := (.*)$", makefile, re.MULTILINE) for name in ("RECIPE", "TUNED"))
    assert recipe and tuned
    parsed(*recipe[1].split(), *tuned[1].split()).check_effects()


def test_recipe_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HyperParameters().size = 1  # type: ignore[misc]


def test_recipes_of_a_bundle_of_several_runs() -> None:
    document = dataclasses.asdict(HyperParameters(size=64)) | {OTHER_RUNS: [{"seed": 2}, {}]}
    assert [(recipe.size, recipe.seed) for recipe in recipes_of(document)] == [(64, 1), (64, 2), (64, 1)]
    assert recipes_of(dataclasses.asdict(HyperParameters(size=64))) == [HyperParameters(size=64)]
