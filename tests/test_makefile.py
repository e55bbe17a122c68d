import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_an_environment_of_a_python_that_is_gone_is_made_from_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/service.txt").touch()
    python = tmp_path / ".venv/service/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to("python-that-is-gone")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    made = subprocess.run(
        ["make", ".venv/service/.ready", "PYTHON=python"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        text=True,
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    version = subprocess.run([python, "-V"], text=True, capture_output=True, check=True).stdout
    assert version == f"Python {sys.version.split()[0]}\n"
