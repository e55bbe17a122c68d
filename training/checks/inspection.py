"""All checks on one survey."""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

from training.checks import balance, duplicates, leakage, outliers, shortcuts
from training.checks.families import families
from training.checks.findings import BY_HOLDING_OUT, BY_NETWORK, KINDS, Finding
from training.checks.holding_out import why_nobody
from training.checks.mislabelled import Opinion, form_opinion
from training.checks.quality import find_poor
from training.checks.survey import Survey
from training.data.splitting import one_name_each


@dataclass(frozen=True)
class Inspection:
    """Everything found about a data set."""

    survey: Survey
    findings: tuple[Finding, ...]
    """The gravest kind first, the surest of a kind first."""
    classes: list[balance.ClassReport]
    shortcuts: list[shortcuts.Shortcut] | None
    opinion: Opinion | None
    nobody: str
    """Why nobody can be held out (training/checks/holding_out.py); empty where somebody can."""

    @property
    def counts(self) -> dict[str, int | None]:
        """Findings per kind, every kind named; None for what was not looked for."""
        found, unasked = Counter(finding.kind for finding in self.findings), self.unasked
        return {kind: None if kind in unasked else found[kind] for kind in KINDS}

    @property
    def unasked(self) -> dict[str, str]:
        """The kinds that were not looked for, and why."""
        reasons = dict.fromkeys(BY_HOLDING_OUT, self.nobody) if self.nobody else {}
        if len(self.survey.photos) < outliers.FEWEST:
            reasons["outlier"] = f"there are fewer than {outliers.FEWEST} photos"
        if self.survey.features is None:
            reasons |= dict.fromkeys(BY_NETWORK, "the network was not asked")
        return reasons

    def of(self, kind: str) -> list[Finding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def document(self) -> dict[str, Any]:
        """The inspection as JSON data."""
        return {
            "photos": len(self.survey.photos),
            "counts": self.counts,
            "findings": [finding.document() for finding in self.findings],
            "classes": [report.document() for report in self.classes],
            "shortcuts": None if self.shortcuts is None else [asdict(item) for item in self.shortcuts],
            "probe": None
            if self.opinion is None
            else {"balanced_accuracy": self.opinion.accuracy, "estimated_wrong_labels": self.opinion.wrong},
        }


def inspect(survey: Survey, smallest: int = 48, seed: int = 1) -> Inspection:
    """Ask every question; those about features only where the survey has features."""
    photos, names = survey.photos, [survey.name(index) for index in range(len(survey.photos))]
    pairs = duplicates.find_pairs(photos, survey.thumbnails)
    # Copies of what was learned from are no test of it, whatever their names.
    people = families(photos, pairs)
    known = [replace(photo, person=person) for photo, person in zip(photos, people, strict=True)]
    opinion = None
    if survey.features is not None:
        opinion = form_opinion(survey.features, survey.targets, people, seed)
    found = [
        Finding(
            "corrupt" if item.unreadable else "unused",
            item.reason,
            (item.path.relative_to(survey.root).as_posix(),),
        )
        for item in survey.skipped
    ]
    found += find_poor(names, survey.measures, smallest)
    found += duplicates.describe(photos, names, pairs)
    found += leakage.find_leaks(photos, names, pairs)
    if survey.features is not None:
        found += outliers.find_outliers(survey.features, names)
    if opinion is not None:
        found += _doubts(survey, names, opinion)
    classes = balance.count_classes(one_name_each(photos), survey.measures, opinion, survey.names_people)
    telling = shortcuts.find_shortcuts(known, survey.measures, seed)
    found += [*balance.describe(classes), *shortcuts.describe(telling or [])]
    order = list(KINDS)
    found.sort(key=lambda finding: (order.index(finding.kind), -finding.score, finding.files))
    nobody = why_nobody([photo.label for photo in photos], people)
    return Inspection(survey, tuple(found), classes, telling, opinion, nobody)


def _doubts(survey: Survey, names: list[str], opinion: Opinion) -> list[Finding]:
    labels, targets = survey.labels, survey.targets
    found = []
    for index in map(int, opinion.doubtful):
        row = opinion.probabilities[index]
        better = labels[int(row.argmax())]
        given = float(row[targets[index]])
        detail = f"labelled {labels[targets[index]]} ({given:.0%}), looks like {better} ({row.max():.0%})"
        found.append(Finding("mislabelled", detail, (names[index],), 1 - given, better))
    return found
