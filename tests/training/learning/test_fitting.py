import keras
import numpy as np
import pytest

from training.hyperparameters import HyperParameters
from training.learning.fitting import Best, Epoch, Examples, class_weights, fit, measure
from training.learning.steps import Stage, optimizers
from training.network.assembly import build_head

RECIPE = HyperParameters(head="gap", dropout=0.0, batch=8, learning_rate=0.05)


def epoch(number: int, loss: float, balanced: float) -> Epoch:
    return Epoch(number, "head", 1.0, 0.5, loss, 0.5, balanced, 0.1)


def examples(seed: int, count: int = 24) -> Examples:
    rng = np.random.default_rng(seed)
    targets = np.arange(count) % 3
    features = rng.normal(size=(2, count, 2, 2, 3)) + 2 * np.eye(3)[targets][None, :, None, None, :]
    return Examples(features.astype(np.float16), targets.astype(np.int64))


def trained(seed: int) -> list[Epoch]:
    keras.utils.set_random_seed(seed)
    history: list[Epoch] = []
    model = build_head((2, 2, 3), 3, RECIPE)
    fit(model, examples(0), examples(1), Stage("head", 12, 0.05), RECIPE, 1, history.append)
    return history


def test_a_learnable_task_is_learned() -> None:
    history = trained(1)
    assert [item.number for item in history] == list(range(1, 13))
    assert history[-1].val_loss < history[0].val_loss
    assert history[-1].val_balanced_accuracy > 0.9


def test_the_seed_decides_the_result() -> None:
    def losses(seed: int) -> list[float]:
        return [item.val_loss for item in trained(seed)]

    assert losses(1) == losses(1) != losses(2)


def test_every_photo_comes_once_per_epoch_in_one_of_its_versions() -> None:
    features = np.arange(20, dtype=np.float16).reshape(2, 10, 1, 1, 1)
    shown = np.arange(10) % 2
    batches = list(Examples(features, np.arange(10)).batches(4, np.random.default_rng(0), shown))
    assert [len(rows) for _, rows in batches] == [4, 4, 2]
    targets = np.concatenate([rows for _, rows in batches])
    values = np.concatenate([values.ravel() for values, _ in batches])
    assert sorted(targets) == list(range(10))
    assert (values % 10 == targets).all()
    assert (values // 10 == shown[targets]).all()


def test_every_version_comes_before_one_comes_again() -> None:
    examples = Examples(np.zeros((3, 5, 1, 1, 1), np.float16), np.zeros(5, np.int64))
    shown = examples.versions(7, np.random.default_rng(0))
    assert shown.shape == (7, 5)
    for start in (0, 3):
        assert (np.sort(shown[start : start + 3], axis=0) == np.arange(3)[:, None]).all()
    assert len({tuple(column) for column in shown.T}) > 1


def test_a_label_may_be_uncertain() -> None:
    examples = Examples(np.zeros((1, 2, 1, 1, 1), np.float16), np.array([0, 2]), np.array([1.0, 0.8]))
    np.testing.assert_allclose(examples.truth(3), np.array([[1, 0, 0], [0.1, 0.1, 0.8]]), atol=1e-6)
    np.testing.assert_allclose(examples.truth(3, 0.3)[1], [0.17, 0.17, 0.66], atol=1e-6)


def test_a_label_is_never_less_likely_than_the_others() -> None:
    examples = Examples(np.zeros((1, 1, 1, 1, 1), np.float16), np.array([1]), np.array([0.1]))
    np.testing.assert_allclose(examples.truth(4), np.full((1, 4), 0.25), atol=2e-6)


@pytest.mark.parametrize("classes", [2, 200])
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_a_label_stays_the_most_likely_whatever_the_raters(classes: int, smoothing: float) -> None:
    """The accuracy in training asks which class has the largest share."""
    targets = np.arange(classes)
    examples = Examples(
        np.zeros((1, classes, 1, 1, 1), np.float16), targets, np.full(classes, 1 / classes, np.float32)
    )
    assert np.array_equal(examples.truth(classes, smoothing).argmax(axis=1), targets)


def test_shares_in_the_logits_make_the_network_fair_to_a_rare_class() -> None:
    """Features that say nothing: the fair answer is then that all classes are as likely."""
    targets = np.repeat([0, 1], [30, 10])
    nothing = Examples(np.zeros((1, 40, 1, 1, 1), np.float16), targets)
    answers = []
    for kind, shares in (("none", 1.0), ("logits", 0.5), ("logits", 1.0)):
        recipe = HyperParameters(head="gap", dropout=0.0, batch=40, class_weights=kind, logit_shares=shares)
        model = build_head((1, 1, 1), 2, recipe)
        fit(model, nothing, nothing, Stage("head", 150, 0.05), recipe, 1, lambda epoch: None)
        logits = np.asarray(model(np.zeros((1, 1, 1, 1))))[0]
        answers.append(logits[0] - logits[1])
    assert answers == pytest.approx([np.log(3), np.log(3) / 2, 0], abs=0.05)


def test_balanced_weights_make_classes_equal() -> None:
    targets = np.array([0, 0, 0, 1])
    np.testing.assert_allclose(class_weights(targets, 3, "balanced"), [2 / 3, 2, 2])
    np.testing.assert_allclose(class_weights(targets, 3, "balanced")[targets].mean(), 1)
    np.testing.assert_allclose(class_weights(targets, 3, "none"), 1)


def test_measure() -> None:
    logits = np.log(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]], dtype=np.float32))
    loss, accuracy, balanced = measure(logits, np.array([0, 0, 0, 1]), "none")
    assert loss == pytest.approx(-np.log([0.9, 0.8, 0.3, 0.4]).mean(), rel=1e-5)
    assert accuracy == 0.5
    assert balanced == pytest.approx((2 / 3 + 0) / 2)


@pytest.mark.parametrize(("by", "winner"), [("loss", 1), ("balanced_accuracy", 2), ("last", 3)])
def test_best_keeps_the_weights_of_the_best_epoch(by: str, winner: int) -> None:
    model = build_head((1, 1, 2), 2, RECIPE)
    best = Best(model, by)
    for number, loss, balanced in ((1, 0.3, 0.6), (2, 0.4, 0.8), (3, 0.5, 0.7)):
        model.set_weights([np.full_like(array, number) for array in model.get_weights()])
        best.offer(epoch(number, loss, balanced))
    best.restore()
    assert best.epoch is not None
    assert best.epoch.number == winner
    assert (model.get_weights()[0] == winner).all()


def test_of_epochs_that_find_as_much_the_one_with_less_loss_is_kept() -> None:
    """2 + 12 + 12 and 3 + 11 + 12 photos of 36: one mean recall, that sums in two ways."""
    uneven, even = (float(np.mean(np.array(found) / 12)) for found in ((2, 12, 12), (3, 11, 12)))
    assert uneven != even
    best = Best(build_head((1, 1, 2), 2, RECIPE), "balanced_accuracy")
    offers = [(1, 0.5, uneven), (2, 0.4, even), (3, 0.6, uneven)]
    assert [best.offer(epoch(*offer)) for offer in offers] == [True, True, False]


@pytest.mark.parametrize("by", ["loss", "balanced_accuracy"])
def test_a_training_that_diverges_keeps_its_good_epochs(by: str) -> None:
    best = Best(build_head((1, 1, 2), 2, RECIPE), by)
    kept = [best.offer(epoch(number, loss, 0.5)) for number, loss in enumerate((np.nan, 0.5, np.nan, np.inf))]
    assert kept == [True, True, False, False]


def test_the_base_has_a_step_size_of_its_own() -> None:
    inputs = keras.Input((2, 2, 3))
    base = keras.layers.Conv2D(4, 1, name="block4_conv1")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(base)))
    stage = Stage("head and base", 1, learning_rate=0.1, base_rate=1e-3)
    (first, others), (second, unlocked) = optimizers(model, stage, RECIPE, photos=8)
    assert [float(first.learning_rate), float(second.learning_rate)] == pytest.approx([0.1, 1e-3])
    assert [weight.path for weight in unlocked] == ["block4_conv1/kernel", "block4_conv1/bias"]
    assert len(others) == 2
    ((_, every),) = optimizers(model, Stage("head", 1, 0.1), RECIPE, photos=8)
    assert len(every) == 4
