"""The servers that are close, in short turns: who answers more often, whatever mood the machine is in.

    python -m benchmarks.comparison.paired [--model MODEL] [--with NAME...] [--clients N...] [--turns 20]

All servers are up at once; one at a time is asked, in an order that moves on with every turn. So a machine
that is faster or slower from one minute to the next, as virtual ones are, is so for all of them. Every turn
opens new connections: a server that hands them to its processes unevenly is met with good luck and with bad.
With most clients ONNX Runtime has its turns too, without a server: on arrays, and on photos that it decodes;
and so has this service with photos that come many at a time.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks import machine, records
from benchmarks.comparison import batches
from benchmarks.comparison.contenders import PACKAGES, Contender, contenders
from benchmarks.comparison.measuring import CLIENTS, PICTURES, Plan
from benchmarks.comparison.summary import RAW, RAW_PHOTOS, clients_table, rates
from benchmarks.comparison.turns import Found, Seen, bare, in_turns, quartiles, ratios, served
from training.console import say
from training.measuring.prediction import model_file

KINDS: Final = {RAW: "arrays", RAW_PHOTOS: "photos"}


def main() -> None:
    """Measure and print three Markdown tables."""
    names = [one.name for one in contenders()]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=Path("models/eye-shape"))
    parser.add_argument(
        "--with",
        nargs="*",
        dest="others",
        choices=names[1:],
        default=["LitServe", "BentoML"],
        help="without a name: only beside ONNX Runtime",
    )
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.75, help="length of a turn")
    parser.add_argument("--out", type=Path, help="folder for the numbers")
    parser.add_argument("--name", default="turns", help="name of their file, without .json")
    options = parser.parse_args()
    chosen = [one for one in contenders() if one.name in (names[0], *options.others)]
    for one in chosen:
        if (reason := one.missing()) is not None:
            parser.error(f"{one.name}: {reason}")
    with tempfile.TemporaryDirectory() as scratch:
        model, clients = model_file(options.model), tuple(options.clients)
        plan = Plan(model, PICTURES, clients, options.seconds, options.seconds, Path(scratch))
        found = compare(chosen, plan, options.turns)
    say(machine.describe(*PACKAGES))
    compared = [*beside(found, chosen), ""] if options.others else []
    for line in (*by_clients(found), "", *compared, *of_raw(found, chosen[0])):
        say(line)
    if options.out is not None:
        records.keep(options.out, options.name, *PACKAGES, **document(found, chosen))


def compare(chosen: Sequence[Contender], plan: Plan, turns: int) -> Found:
    """Every server under every number of clients, in turns; without one, and in batches, with the most."""
    with ExitStack() as stack:
        asked = [(one.name, stack.enter_context(served(one, plan))) for one in chosen]
        beside = [(name, stack.enter_context(bare(kind, plan))) for name, kind in KINDS.items()]
        beside.append((batches.NAME, stack.enter_context(served(chosen[0], plan, batches.load))))
        return in_turns(asked, beside, plan.clients, turns)


def document(found: Mapping[tuple[str, int], Seen], chosen: Sequence[Contender]) -> dict[str, Any]:
    """Medians of the ratios to each other server by clients, and to ONNX Runtime without a server."""
    own, others = chosen[0].name, [one.name for one in chosen[1:]]
    levels = sorted({clients for name, clients in found if name == own})
    servers = {
        other: {
            clients: {
                "answers": statistics.median(ratios(found[own, clients].rates, found[other, clients].rates)),
                "p99": _late(found[own, clients], found[other, clients]),
            }
            for clients in levels
        }
        for other in others
    }
    return {"servers": servers, "bare": _of_bare(found, own), "batches": _of_bare(found, batches.NAME)}


def _of_bare(found: Mapping[tuple[str, int], Seen], own: str) -> dict[str, float]:
    return {
        name: statistics.median(ratios(found[own, clients].rates, seen.rates))
        for (name, clients), seen in found.items()
        if name in KINDS
    }


def by_clients(found: Mapping[tuple[str, int], Seen]) -> list[str]:
    """Medians of the answers a second, and percentiles of all latencies."""
    cells = {}
    for key, seen in found.items():
        p50, p95, p99 = (seen.percentile(share) for share in (50, 95, 99))
        wrong = f" ({seen.failures} wrong)" if seen.failures else ""
        cells[key] = rates(statistics.median(seen.rates), p50, p95, p99) + wrong
    return clients_table(cells)


def beside(found: Mapping[tuple[str, int], Seen], chosen: Sequence[Contender]) -> list[str]:
    """How many times as many answers as each other server, turn by turn, and the ratio of the p99."""
    own, others = chosen[0], chosen[1:]
    heads = " | ".join(f"answers beside {one.name} | quartiles | ahead | p99" for one in others)
    lines = [f"| clients | {heads} |", "|---" * (4 * len(others) + 1) + "|"]
    for clients in sorted({clients for _, clients in found}):
        mine, cells = found[own.name, clients], []
        for one in others:
            theirs = found[one.name, clients]
            each = ratios(mine.rates, theirs.rates)
            low, middle, high = quartiles(each)
            ahead = sum(ratio > 1 for ratio in each)
            late = _late(mine, theirs)
            cells.append(f"{middle:.2f} | {low:.2f} to {high:.2f} | {ahead} of {len(each)} | {late:.2f}")
        lines.append(f"| {clients} | " + " | ".join(cells) + " |")
    return lines


def _late(mine: Seen, theirs: Seen) -> float:
    """The p99 of the one as a share of the other's."""
    return mine.percentile(99) / theirs.percentile(99)


def of_raw(found: Mapping[tuple[str, int], Seen], own: Contender) -> list[str]:
    """Answers as a share of what ONNX Runtime does without a server in the same turn."""
    lines = ["| clients | | beside | of its answers | quartiles |", "|---|---|---|---|---|"]
    for name, clients in found:
        for mine in (own.name, batches.NAME) if name in KINDS else ():
            each = ratios(found[mine, clients].rates, found[name, clients].rates)
            low, middle, high = quartiles(each)
            lines.append(f"| {clients} | {mine} | {name} | {middle:.0%} | {low:.0%} to {high:.0%} |")
    return lines


if __name__ == "__main__":
    main()
