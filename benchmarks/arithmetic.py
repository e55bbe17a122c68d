"""What an answer costs in float32 and in int8, on ONNX Runtime alone: milliseconds a picture.

    python -m benchmarks.arithmetic models/eye-shape/1 models/eye-shape/2 models/eye-shape/3

The first model is what the others are compared with. Nothing else should run meanwhile.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime

from benchmarks.machine import describe as describe_machine
from service.machine import cpus
from service.networks.classifier import INPUT, OUTPUT
from service.networks.metadata import NetworkFacts
from service.networks.runtime import session_options
from training.graph.cost import describe
from training.graph.golden import synthetic
from training.graph.storage import restore
from training.measuring.prediction import model_file, open_model

BATCHES: Final = (1, 8)
PICTURES: Final = 96
"""Timed per batch size, after a sixth of that to warm up."""


@dataclass(frozen=True)
class Row:
    """One model: median milliseconds a picture by batch size."""

    path: Path
    facts: NetworkFacts
    size: int
    milliseconds: dict[int, float]


def main() -> int:
    """Time each model and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="a model.onnx, or a bundle's folder")
    options = parser.parse_args()
    rows = [_measure(path) for path in options.models]
    first = rows[0]
    lines = [
        "| model | input | until | billion multiply-adds | arithmetic | batch 1 | batch 8 | work | time |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        fewer = first.facts.multiply_adds / row.facts.multiply_adds
        faster = first.milliseconds[1] / row.milliseconds[1]
        times = " | ".join(f"{row.milliseconds[batch]:.1f} ms" for batch in BATCHES)
        lines.append(
            f"| {row.path} | {row.size} | {row.facts.until or '-'} | {row.facts.multiply_adds / 1e9:.2f} "
            f"| {row.facts.arithmetic} | {times} | {fewer:.1f}x fewer | {faster:.1f}x faster |"
        )
    sys.stdout.write("\n".join([describe_machine("onnxruntime"), "", *lines]) + "\n")
    return 0


def _measure(path: Path) -> Row:
    file = model_file(path)
    metadata = open_model(file).metadata
    session: Any = onnxruntime.InferenceSession(
        str(file), session_options(cpus.available()), providers=["CPUExecutionProvider"]
    )
    size = int(session.get_inputs()[0].shape[1])
    facts = metadata.network or describe(restore(onnx.load(file)))
    pictures = synthetic(max(BATCHES), size, seed=0)
    milliseconds = {}
    for batch in BATCHES:
        feed = {INPUT: np.ascontiguousarray(pictures[:batch])}
        calls = PICTURES // batch
        seconds = []
        for _ in range(calls // 6 + calls):
            began = time.perf_counter()
            session.run([OUTPUT], feed)
            seconds.append((time.perf_counter() - began) / batch)
        milliseconds[batch] = 1000 * float(np.median(seconds[-calls:]))
    return Row(path, facts, size, milliseconds)


if __name__ == "__main__":
    sys.exit(main())
