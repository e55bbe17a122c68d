"""Who labels, where nobody says so: a container may run as a user that has no name in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.training.checks.pictures import save
from tests.users import with_threads

NAMES = {"LOGNAME", "USER", "LNAME", "USERNAME"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without a name")
def test_a_user_without_a_name_gives_one(tmp_path: Path) -> None:
    save(Image.new("RGB", (40, 40), "red"), tmp_path / "red.png")
    ended = subprocess.run(
        [sys.executable, "-m", "training", "label", str(tmp_path), "--classes", "red,blue"],
        env={name: value for name, value in os.environ.items() if name not in NAMES},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=with_threads(4096),
    )
    assert ended.returncode == 2
    assert "Expected --rater, who is labelling" in ended.stderr and ended.stderr.count("\n") == 1
