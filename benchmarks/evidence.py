"""What typicality and evidence add to the time of an answer.

    python -m benchmarks.evidence

The same pictures, two at a time as for a face, through the model's graph with `probabilities` alone, with
`typicality`, and with `evidence` and its overlays; in turns, so that all meet the same moods of the machine.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from benchmarks import machine
from service.answering.evidence import data_url
from service.machine import cpus
from service.networks import folders
from service.networks.classifier import EVIDENCE, INPUT, OUTPUT, TYPICALITY
from service.networks.runtime import session_options
from training.console import say

WAYS = ([OUTPUT], [OUTPUT, TYPICALITY], [OUTPUT, TYPICALITY, EVIDENCE])
WARM_UP = 10


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--model", default="eye-shape")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    model = onnx.load(folders.newest(options.models, options.model) / folders.MODEL_FILE)
    sessions = [with_outputs(model, names) for names in WAYS]
    size = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    pictures = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    rows = [one_round(sessions, pictures) for _ in range(options.rounds + WARM_UP)]
    report(np.array(rows[WARM_UP:]) * 1000)


def with_outputs(model: onnx.ModelProto, names: list[str]) -> onnxruntime.InferenceSession:
    """A session of the graph with these outputs only: ONNX Runtime drops the nodes of the others."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    kept = [output for output in model.graph.output if output.name in names]
    del copy.graph.output[:]
    copy.graph.output.extend(kept)
    return onnxruntime.InferenceSession(copy.SerializeToString(), session_options(cpus.available()))


def one_round(sessions: list[onnxruntime.InferenceSession], pictures: np.ndarray) -> list[float]:
    """Seconds of each way, and of the overlays."""
    marks = [time.perf_counter()]
    for session, names in zip(sessions, WAYS, strict=True):
        found = session.run(names, {INPUT: pictures})
        marks.append(time.perf_counter())
    for evidence in found[-1]:
        data_url(evidence[..., 0])
    marks.append(time.perf_counter())
    return np.diff(marks).tolist()


def report(times: np.ndarray) -> None:
    """Print medians in milliseconds, and the medians of the rounds' ratios."""
    plain, typical, explained, overlays = times.T
    say(f"{len(times)} rounds of 2 pictures; {machine.describe('onnxruntime')}")
    say()
    say("| what | ms | times probabilities alone |")
    say("|---|---|---|")
    for name, column in (
        ("probabilities", plain),
        ("and typicality", typical),
        ("and evidence", explained),
        ("and overlays as PNG", explained + overlays),
    ):
        say(f"| {name} | {np.median(column):.2f} | {np.median(column / plain):.3f} |")


if __name__ == "__main__":
    main()
