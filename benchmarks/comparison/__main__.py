"""Compare the service with raw ONNX Runtime, Keras + Flask, LitServe, BentoML and Ray Serve: `make bench`.

    python -m benchmarks.comparison [--quick] [--model MODEL] [--photos PHOTO...] [--only NAME...]

Every round starts each server in turn on this machine, with the same model file, photos and CPUs, and loads
it with 1, 2, 4, 8 and 16 clients. Answers are checked: only right ones count. Writes results.json, results.md
and two pictures.
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks import records
from benchmarks.comparison import plots, summary
from benchmarks.comparison.contenders import Contender, contenders
from benchmarks.comparison.load import Question
from benchmarks.comparison.measuring import CLIENTS, PICTURES, Plan, Unusable, expected, measure, measure_raw
from benchmarks.comparison.summary import Start, Step
from training.console import say
from training.measuring.prediction import model_file


def main() -> None:
    """Measure, print the tables and write the files."""
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        seconds = 1.0 if options.quick else options.seconds
        clients = (1, 4, 16) if options.quick else CLIENTS
        model = model_file(options.model)
        plan = Plan(model, options.photos, clients, seconds, min(2.0, seconds), Path(scratch))
        chosen = [one for one in contenders() if not options.only or one.name in options.only]
        steps, starts, skipped = compare(plan, chosen, 1 if options.quick else options.rounds)
    options.out.mkdir(parents=True, exist_ok=True)
    report(plan, steps, starts, skipped, options.out)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/eye-shape"))
    parser.add_argument("--photos", type=Path, nargs="+", default=PICTURES)
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        choices=[one.name for one in contenders()],
        help="servers to measure",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one step")
    parser.add_argument("--quick", action="store_true", help="one round of short steps, about two minutes")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    return parser.parse_args()


def compare(
    plan: Plan, chosen: list[Contender], rounds: int
) -> tuple[list[Step], list[Start], dict[str, str]]:
    """All rounds; a contender that cannot be measured is skipped with its reason, the others go on."""
    skipped = {one.name: reason for one in chosen if (reason := one.missing()) is not None}
    asked: dict[str, list[Question]] = {}
    for one in chosen:
        if one.name not in skipped and one.weights not in asked:
            try:
                asked[one.weights] = expected(one, plan)
            except Unusable as reason:
                skipped |= {each.name: str(reason) for each in chosen if each.weights == one.weights}
    steps: list[Step] = []
    starts: list[Start] = []
    for number in range(1, rounds + 1):
        steps += measure_raw(plan, number)
        for one in chosen:
            if one.name in skipped:
                continue
            say(f"round {number} of {rounds}: {one.name}")
            try:
                start, found = measure(one, asked[one.weights], plan, number)
            except Unusable as reason:
                skipped[one.name] = str(reason)
                continue
            starts.append(start)
            steps += found
    return steps, starts, skipped


def report(plan: Plan, steps: list[Step], starts: list[Start], skipped: dict[str, str], out: Path) -> None:
    """Print and write what was found."""
    about = summary.about(plan.model) | {
        "photos": [path.name for path in plan.photos],
        "seconds": plan.seconds,
        "settings": {one.name: one.settings for one in contenders()},
        "skipped": skipped,
    }
    lines = [f"{about['date']}, {about['machine']}, model {about['model']}", ""]
    for clients in (1, max(plan.clients)):
        lines += [*summary.overview(steps, starts, clients), ""]
    lines += [*summary.by_clients(steps), ""]
    lines += [f"- {one.name}: {one.settings}." for one in contenders() if one.name not in skipped]
    lines += [f"- skipped: {name}: {reason}" for name, reason in skipped.items()]
    for line in lines:
        say(line)
    (out / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    measured = {"steps": [asdict(one) for one in steps], "starts": [asdict(one) for one in starts]}
    records.write(out / "results.json", about | measured)
    for path in plots.draw(steps, starts, out):
        say(f"wrote {path}")


if __name__ == "__main__":
    main()
