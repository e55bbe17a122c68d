"""How servers use more CPUs: this service with all its processes and with one, beside other servers.

    python -m benchmarks.comparison.scaling [--cpus 2 4 8] [--clients-per-cpu 1 4] [--with NAME...]

The servers have some CPUs of this machine, and the clients, in several processes, all others. All servers
are up at once and asked in turns, as by benchmarks.comparison.paired. One lone client asks too; with most
clients ONNX Runtime has its turns on the servers' CPUs, without a server. Writes scaling.json, scaling.md
and scaling.png.
"""

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.comparison.contenders import Contender, contenders, one_process
from benchmarks.comparison.measuring import PICTURES, Plan, Unusable
from benchmarks.comparison.scaling.crowd import crowd
from benchmarks.comparison.scaling.places import Places, given, on, split
from benchmarks.comparison.scaling.report import Report
from benchmarks.comparison.summary import RAW
from benchmarks.comparison.turns import Found, bare, in_turns, served
from training.console import say
from training.measuring.prediction import model_file

CPUS = (2, 4, 8)


def main() -> None:
    """Measure, print the tables and write the files."""
    options = _options()
    chosen, turns, seconds, model = options.chosen, options.turns, options.seconds, model_file(options.model)
    report = Report(model, chosen, options.clients_per_cpu, turns, seconds)
    with tempfile.TemporaryDirectory() as scratch:
        for places in options.places:
            say(str(places))
            clients = levels(len(places.servers), options.clients_per_cpu)
            plan = Plan(model, PICTURES, clients, seconds, seconds, Path(scratch))
            try:
                report.add(places, compare(chosen, plan, places, turns))
            except Unusable as reason:
                raise SystemExit(str(reason)) from reason
            # Each time, so that a run that is cut off leaves what it has.
            report.write(options.out)
    for line in report.lines():
        say(line)


def levels(count: int, per_cpu: Sequence[int]) -> tuple[int, ...]:
    """Numbers of clients for so many CPUs, a lone one too."""
    return tuple(sorted({1, *(count * level for level in per_cpu)}))


def compare(chosen: Sequence[Contender], plan: Plan, places: Places, turns: int) -> Found:
    """All servers on their CPUs under every number of clients, in turns; raises Unusable."""
    with ExitStack() as stack:
        stack.enter_context(on(places.clients))
        ask = stack.enter_context(crowd(places.processes))
        asked = []
        with on(places.servers):  # while they start, so that workers are as many as these CPUs
            for one in chosen:
                say(f"starting {one.name}")
                asked.append((one.name, stack.enter_context(served(one, plan, ask))))
            beside = [(RAW, stack.enter_context(bare("arrays", plan)))]
        return in_turns(asked, beside, plan.clients, turns)


def _options() -> argparse.Namespace:
    """What was asked for, the contenders as `chosen`, ours first, and the CPUs as `places`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [one.name for one in contenders()]
    parser.add_argument("--model", type=Path, default=Path("models/eye-shape"))
    parser.add_argument(
        "--cpus", type=int, nargs="+", help="CPUs of the servers; 2, 4 and 8 of those at hand"
    )
    parser.add_argument("--clients-per-cpu", type=_positive, nargs="+", default=[1, 4], metavar="N")
    parser.add_argument(  # with no name: ours alone
        "--with", nargs="*", dest="others", choices=names[1:], default=["LitServe", "BentoML"]
    )
    parser.add_argument("--turns", type=_positive, default=8)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a turn")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"))
    options = parser.parse_args()
    ours, *others = contenders()
    options.chosen = [ours, one_process(), *(one for one in others if one.name in options.others)]
    for one in options.chosen:
        if (reason := one.missing()) is not None:
            parser.error(f"{one.name}: {reason}")
    among = given()
    counts = options.cpus or [count for count in CPUS if count <= len(among)] or [len(among)]
    try:
        options.places = [split(count, among) for count in sorted(set(counts))]
    except ValueError as reason:
        parser.error(str(reason))
    return options


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("Expected 1 or more.")
    return number


if __name__ == "__main__":
    main()
