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


def test_nothing_runs_beside_what_installs_its_tools(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "package-lock.json").touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make", "touch", "id", "sleep", "cp", "mkdir"):
        (programs / name).symlink_to(str(shutil.which(name)))
    npm = tmp_path / "npm"
    for program, script in {
        npm: 'echo "$1" >> log; mkdir -p node_modules',
        programs / "sudo": 'shift; exec "$@"',
        programs / "apt-get": f'sleep 1; cp "{npm}" "{programs}"',
    }.items():
        program.write_text(f"#!{programs}/sh\n{script}\n")
        program.chmod(0o755)
    made = subprocess.run(
        ["make", "-j2", "browser-tools", "lint-web"],
        cwd=tmp_path,
        env={"PATH": str(programs)},
        text=True,
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "log").read_text().split() == ["ci", "run"]
