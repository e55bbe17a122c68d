"""Kill the labelling server with SIGKILL at random moments, again and again, and look for lost answers.

    python -m benchmarks.labelling_kills [--rounds 30] [--seed 0]

In every round `python -m training label` runs on the same folder and four tabs answer as fast as it lets
them, until it is killed, some milliseconds after one of the answers, whatever it is doing. Like the page, a
tab sends an answer that was not confirmed again as soon as the server is back. In the end every answer that
was confirmed must be in the journal exactly once, and nothing may be there that no tab sent.
"""

import argparse
import os
import random
import signal
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from PIL import Image

from tests.labelling import labelling
from training.console import say
from training.labelling.journal import FILE, read

TABS: Final = 4
LABELS: Final = ("cat", "dog", "horse")
MOST_ANSWERS: Final = 60
"""A round ends after fewer confirmed answers than this."""
LONGEST: Final = 0.01
"""Seconds between such an answer and the kill, at most: longer than a request takes."""
Given = tuple[str, str, str]
"""Tab, file, label."""


@dataclass
class Work:
    """What the tabs have sent and what was confirmed; shared by their threads."""

    sent: set[Given] = field(default_factory=set)
    confirmed: set[Given] = field(default_factory=set)
    open: dict[str, Given] = field(default_factory=dict)
    """What a tab still has to send, by tab."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def confirm(self, tab: str) -> None:
        """Note that the answer of a tab was confirmed."""
        with self.changed:
            self.confirmed.add(self.open.pop(tab))
            self.changed.notify_all()


@dataclass(frozen=True)
class Outcome:
    """Answers by what became of them; the last three must be 0."""

    confirmed: int
    interrupted: int
    """Not confirmed at a kill, and sent again."""
    lost: int
    doubled: int
    invented: int

    @property
    def flawless(self) -> bool:
        """Whether every confirmed answer is there exactly once, and nothing else."""
        return not (self.lost or self.doubled or self.invented)


def stress(folder: Path, rounds: int, seed: int) -> Outcome:
    """Label the pictures of a folder while the server is killed `rounds` times."""
    chance, work, interrupted = random.Random(seed), Work(), 0
    for number in range(rounds):
        goal = len(work.confirmed) + chance.randrange(1, MOST_ANSWERS)
        _round(folder, work, goal, chance.uniform(0, LONGEST), seed * rounds + number)
        interrupted += len(work.open)
    found = Counter((entry.tab, entry.file, entry.label) for entry in read(folder))
    return Outcome(
        confirmed=len(work.confirmed),
        interrupted=interrupted,
        lost=sum(found[given] == 0 for given in work.confirmed),
        doubled=sum(count > 1 for count in found.values()),
        invented=len(set(found) - work.sent),
    )


def _round(folder: Path, work: Work, goal: int, delay: float, seed: int) -> None:
    with labelling(folder, "--classes", ",".join(LABELS), "--rater", "ann") as (address, process):
        tabs = [
            threading.Thread(
                target=_answer, args=(address, folder, f"tab{n}", work, random.Random(seed * TABS + n))
            )
            for n in range(TABS)
        ]
        for tab in tabs:
            tab.start()
        with work.changed:
            if not work.changed.wait_for(lambda: len(work.confirmed) >= goal, timeout=60):
                raise RuntimeError(
                    f"Expected {goal} answers to be confirmed. Received: {len(work.confirmed)}"
                )
        threading.Event().wait(delay)
        os.kill(process.pid, signal.SIGKILL)
        for tab in tabs:
            tab.join()


def _answer(address: str, folder: Path, tab: str, work: Work, chance: random.Random) -> None:
    """Answer one photo after the other, beginning with what was not confirmed, until the server is gone."""
    with httpx.Client(base_url=address) as client:
        try:
            shown = None
            while True:
                if tab not in work.open:
                    photo = (shown or client.get("api/state", params={"tab": tab}).json())["photo"]
                    given = (tab, photo["file"], chance.choice(LABELS))
                    work.sent.add(given)
                    work.open[tab] = given
                _, file, label = work.open[tab]
                body = {"tab": tab, "folder": str(folder), "file": file, "action": "label", "label": label}
                answer = client.post("api/answer", json=body).raise_for_status()
                work.confirm(tab)
                shown = answer.json()
        except httpx.TransportError:
            return


def make_photos(folder: Path, count: int) -> None:
    """Small pictures: the server takes no class for what it cannot show."""
    for number in range(count):
        Image.new("L", (1, 1)).save(folder / f"{number:05}.png")


def main() -> int:
    """Run and print; 1 where an answer was lost, doubled or invented."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        make_photos(folder, (MOST_ANSWERS + 20 * TABS) * options.rounds)
        outcome = stress(folder, options.rounds, options.seed)
        size = (folder / FILE).stat().st_size
    say(f"{options.rounds} kills: {outcome}; a journal of {size / 1000:.0f} kB")
    return 0 if outcome.flawless else 1


if __name__ == "__main__":
    raise SystemExit(main())
