"""How much memory there is, and what is said where features do not fit into it."""

from pathlib import Path

import pytest

from tests.training import folders
from tests.training.runs import fit
from training.learning.room import available

GIGABYTES = 2**30
NOWHERE = Path("/nowhere")


def free(folder: Path, kilobytes: int = 2 * 2**20) -> int:
    """What is available below a folder of cgroups where the machine has so much."""
    meminfo = folder / "meminfo"
    meminfo.write_text(f"MemTotal:       99999999 kB\nMemAvailable:   {kilobytes} kB\n")
    membership = folder / "membership"
    membership.write_text("0::/user.slice/training\n")
    return available(folder, membership, meminfo)


def test_without_a_limit_what_the_machine_has_free_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    assert free(tmp_path) == 2 * GIGABYTES
    assert available(NOWHERE, NOWHERE, NOWHERE) >= GIGABYTES // 2  # all that the machine has


@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes", "user.slice/memory.max"])
def test_the_least_limit_counts(tmp_path: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(f"{GIGABYTES}\n")
    assert free(tmp_path) == GIGABYTES
    assert free(tmp_path, kilobytes=2**19) == GIGABYTES // 2


def test_features_that_do_not_fit_are_refused_before_anything_is_prepared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Maps of 256 x 256 x 128 values of 101 versions of 600 photos: a terabyte."""
    data, run = folders.splits(tmp_path / "photos", train=300, validation=1), tmp_path / "run"
    assert fit(data, run, "--size", "1024", "--unfreeze", "block3", "--augment", "100") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Expected features of 60,602 versions of photos, 256 x 256 x 128 values each, to fit into" in said
    assert "Received: 1016.7 GB of them. A smaller --size or --augment, or --unfreeze from a later" in said
    assert not (run / "config.json").exists()
