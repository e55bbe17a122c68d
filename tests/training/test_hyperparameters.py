import argparse
import dataclasses

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
    ("options", "expected"),
    [
        (("--heads", "4"), "Expected --head conv with --heads 4. Received: original."),
        (("--variation", "strong"), "Expected --augment with --variation strong. Received: none."),
    ],
)
def test_a_choice_without_effect_is_named(options: tuple[str, ...], expected: str) -> None:
    recipe = parsed(*options)  # `thin` takes them, and runs were made with them
    with pytest.raises(TrainingError, match=expected):
        recipe.check_effects()
    parsed(*options, "--head", "conv", "--augment", "1").check_effects()


def test_recipe_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        HyperParameters().size = 1  # type: ignore[misc]


def test_recipes_of_a_bundle_of_several_runs() -> None:
    document = dataclasses.asdict(HyperParameters(size=64)) | {OTHER_RUNS: [{"seed": 2}, {}]}
    assert [(recipe.size, recipe.seed) for recipe in recipes_of(document)] == [(64, 1), (64, 2), (64, 1)]
    assert recipes_of(dataclasses.asdict(HyperParameters(size=64))) == [HyperParameters(size=64)]
