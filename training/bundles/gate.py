"""May a graph that was made smaller be shipped? Measured on validation photos that chose nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from service.networks.classifier import INPUT, OUTPUT, TYPICALITY
from service.networks.metadata import BundleMetadata
from training.data.photos import batches
from training.errors import TrainingError
from training.graph.parity import Agreement, agreement, open_session
from training.measuring.heldout import HeldOut
from training.measuring.metrics import Scores, score
from training.network.calibration import when_certain

Answers = dict[str, NDArray[np.float32]]

Measure = Literal["accuracy", "balanced_accuracy"]
LARGEST_LOSS: Final = 0.005
"""By how much the measure that a gate goes by may fall."""
SAME_ANSWER: Final = 0.98
"""Share of the photos that must keep their top class."""
ROUNDING: Final = 1e-9
"""Of the difference of two shares."""


class Refused(TrainingError):
    """The smaller graph answers too differently from the one it was made from."""


@dataclass(frozen=True)
class Verdict:
    """A graph and what was made of it on the same photos."""

    before: Scores
    after: Scores
    agreement: Agreement
    lost: Sequence[int]
    """Photos of each class that were found before and are not after; those won elsewhere do not make up."""
    outputs: dict[str, float]
    """Further outputs by name: the difference's root mean square, in standard deviations of the output."""
    untypical: tuple[float, float] | None = None
    """Shares of the photos under the bundle's typicality bound, before and after; None without one."""
    parts: Mapping[str, Scores] = field(default_factory=dict)
    """The smaller graph on parts of the photos, as `column=part`."""
    certain: Mapping[str, float | None] = field(default_factory=dict)
    """Coverage and accuracy of the smaller graph's certain answers."""

    def check(self, what: str, remedy: str = "", measure: Measure = "accuracy") -> None:
        """Raise Refused, naming `what` changed the graph, unless the smaller graph may be shipped."""
        faults = list(self._faults(measure))
        if faults:
            raise Refused(
                f"{what} costs too much: {', '.join(faults)}. {self._few()}Nothing was written.{remedy}"
            )
        self._check_classes(what, remedy)

    def _faults(self, measure: Measure) -> Iterator[str]:
        """What of all photos together does not hold, written so that NaN does not."""
        before, after = (getattr(scores, measure).value for scores in (self.before, self.after))
        if not before - after <= LARGEST_LOSS + ROUNDING:
            yield (
                f"{measure.replace('_', ' ')} {before:.2%} became {after:.2%} "
                f"(at most {100 * LARGEST_LOSS:g} points may go)"
            )
        if not self.agreement.same_answer >= SAME_ANSWER:
            yield (
                f"the answer is the same for {self.agreement.same_answer:.2%} of "
                f"{self.agreement.images} photos (at least {SAME_ANSWER:.0%} must be)"
            )

    def _few(self) -> str:
        """What to know of so few photos that none of them may get another answer."""
        enough = round(1 / (1 - SAME_ANSWER))
        if self.agreement.images >= enough or self.agreement.same_answer == 1:
            return ""
        return (
            f"It takes {enough} validation photos or more for one changed answer to pass; "
            "the bundle that this was to be made from is fine to serve. "
        )

    def _check_classes(self, what: str, remedy: str) -> None:
        """A rare class may fall far while accuracy stands; of few photos one is chance."""
        for entry, found, lost in zip(
            self.before.classes, np.diagonal(self.before.confusion), self.lost, strict=True
        ):
            allowed = max(1, int((1 - SAME_ANSWER) * entry.support))
            if lost > allowed:
                raise Refused(
                    f"{what} costs too much: of {entry.support} photos of {entry.label} {found} were found, "
                    f"and {lost} of these no longer would be (at most {allowed} may be lost). "
                    f"Nothing was written.{remedy}"
                )

    def document(self, before: str, after: str) -> dict[str, Any]:
        """For the metadata of the bundle; the names of the two graphs are keys."""
        accuracies = {
            name: {
                "accuracy": scores.accuracy.document(),
                "balanced_accuracy": scores.balanced_accuracy.document(),
            }
            for name, scores in ((before, self.before), (after, self.after))
        }
        document = {**accuracies, **self.agreement.document(), "outputs": self.outputs}
        if self.untypical is not None:
            document["untypical"] = dict(zip((before, after), self.untypical, strict=True))
        return document


def compare(
    before: ModelProto, after: ModelProto, heldout: HeldOut, metadata: BundleMetadata, by: Sequence[str] = ()
) -> Verdict:
    """Ask both graphs of a bundle about the held-out photos.

    `by` names columns of the photos whose parts are measured on their own too.
    """
    expected, received = _answers(before, heldout.images), _answers(after, heldout.images)
    names = [label.id for label in metadata.labels]
    others = {
        name: _relative_difference(values, received[name])
        for name, values in expected.items()
        if name != OUTPUT
    }
    scores = [
        score(answers[OUTPUT], heldout.labels, heldout.people, names) for answers in (expected, received)
    ]
    bound, typical, under = metadata.typicality_bound, None, None
    if bound is not None and TYPICALITY in expected:
        shares = [float((found[TYPICALITY] < bound).mean()) for found in (expected, received)]
        under = (round(shares[0], 4), round(shares[1], 4))
        typical = received[TYPICALITY] >= bound
    return Verdict(
        scores[0],
        scores[1],
        agreement(expected[OUTPUT], received[OUTPUT]),
        lost(expected[OUTPUT], received[OUTPUT], heldout.labels),
        others,
        under,
        heldout.score_parts(received[OUTPUT], names, by),
        when_certain(received[OUTPUT], heldout.labels, metadata.threshold, typical),
    )


def lost(
    expected: NDArray[np.float32], received: NDArray[np.float32], labels: NDArray[np.int64]
) -> list[int]:
    """How many photos of each class are right by the first probabilities `[M, C]`, and not by the second."""
    right, still = (answers.argmax(axis=1) == labels for answers in (expected, received))
    counts: list[int] = np.bincount(labels[right & ~still], minlength=expected.shape[1]).tolist()
    return counts


def _relative_difference(expected: NDArray[np.float32], received: NDArray[np.float32]) -> float:
    spread = float(expected.std()) or 1.0
    return round(float(np.sqrt(np.square(expected - received).mean())) / spread, 5)


def _answers(model: ModelProto, images: NDArray[np.uint8]) -> Answers:
    """Every output of a graph for pictures `[M, S, S, 3]`."""
    session = open_session(model)
    names = [output.name for output in session.get_outputs()]
    parts = [session.run(names, {INPUT: batch}) for batch in batches(images)]
    return {name: np.concatenate(found) for name, found in zip(names, zip(*parts, strict=True), strict=True)}
