"""Users and containers have a limit of threads and processes, which is to end a start in one line."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from service.machine import threads
from service.networks.lone import CALM_SECONDS
from service.pictures.images import FORMATS
from service.processes.shares import Share, threads_together
from service.settings import Settings
from tests.processes import Process, running
from tests.several import ON_LINUX, patched
from tests.uploads import picture
from tests.users import with_threads

pytestmark = ON_LINUX
ALONE = pytest.mark.skipif(
    os.geteuid() != 0, reason="what else this user runs counts too; root becomes another"
)
LIMIT = "raise the limit (ulimit -u, or the container's pids limit)"
ADVICE = f"{LIMIT}, or set fewer SERVICE_PROCESSES, SERVICE_WORKERS or SERVICE_THREADS.\n"


def reason(wanted: int, received: int) -> str:
    several = "s" if wanted > 1 else ""
    return (
        f"Expected room for {wanted} more thread{several}. "
        f"Received: {received} (can't start new thread); {ADVICE}"
    )


@pytest.mark.parametrize(
    ("limit", "processes", "used", "wanted"),
    [
        (1, 1, 1, 6),
        (1, 2, 1, 14),
        pytest.param(3, 1, 1, 6, marks=ALONE),
        pytest.param(6, 1, 1, 6, marks=ALONE),
        pytest.param(6, 1, 4, 9, marks=ALONE),
        pytest.param(8, 2, 1, 14, marks=ALONE),
        pytest.param(14, 2, 1, 14, marks=ALONE),
        pytest.param(20, 2, 4, 20, marks=ALONE),
    ],
)
def test_without_threads_to_start_with_it_ends_in_one_line(
    models: Path, limit: int, processes: int, used: int, wanted: int
) -> None:
    """`used` are the threads of one inference."""
    settings = {"models": models, "model": "colours", "processes": processes, "threads": used, "workers": 4}
    process = Process(settings, with_threads(limit))
    assert process.process.wait(timeout=60) == 2
    process.stop()
    assert process.lines == [reason(wanted, limit - 1)]


@ALONE
@pytest.mark.parametrize(("processes", "used"), [(1, 1), (1, 4), (2, 0), (2, 2)])
def test_the_fewest_threads_are_enough(models: Path, processes: int, used: int) -> None:
    limit = 1 + threads_together(Settings(workers=4, threads=used), processes)
    with running(
        models, with_threads(limit), processes=processes, workers=4, threads=used, reload_seconds=0.05
    ) as (process, address):
        for _ in range(4 * processes):
            assert httpx.post(f"{address}/v1/classify", files={"image": picture()}).status_code == 200
            time.sleep(CALM_SECONDS)  # who asks alone would be helped by further threads
        assert httpx.get(f"{address}/metrics").status_code == 200
    assert not [line for line in process.lines if "Traceback" in line]


@ALONE
def test_a_photo_is_decoded_without_further_threads(models: Path) -> None:
    """Where there are none, it would count as damaged."""
    code = (
        "import resource, sys; from service import command\n"
        "from service.answering.predictor import Predictor\n"
        "prepare = Predictor.prepare\n"
        "def scarce(self, asked):\n"
        "    resource.setrlimit(resource.RLIMIT_NPROC, (1, 100))\n"
        "    return prepare(self, asked)\n"
        "Predictor.prepare = scarce\n"
        "sys.exit(command.main())"
    )
    with running(models, with_threads(100), code) as (_, address):
        for form in FORMATS:
            answer = httpx.post(f"{address}/v1/classify", files={"image": picture(form)})
            assert answer.status_code == 200, form


@ALONE
@pytest.mark.parametrize("limit", [8, 10])
def test_a_process_says_why_it_cannot_start(models: Path, limit: int) -> None:
    """Others may take threads after there was room for all.

    Both processes can be forked, also while threads of the start end. Neither can have its seven, unless the
    other one is slow to look for them, and then somewhere one is missing.
    """
    code = patched("from service.processes import shares; shares.threads_together = lambda *_: 0")
    settings = {"models": models, "model": "colours", "processes": 2, "threads": 2, "workers": 4}
    process = Process(settings, with_threads(limit), code)
    assert process.process.wait(timeout=60) == 2
    process.stop()
    # Of one process or of both; one that was sooner serves until it is stopped, and logs that.
    complaints = [line for line in process.lines if not line.startswith("{")]
    assert complaints
    for line in complaints:
        seven = line.startswith("Expected room for 7 more threads.") and line.endswith(ADVICE)
        assert seven or line == reason(1, 0), process.lines


@ALONE
@pytest.mark.parametrize("processes", [1, 2])
def test_a_worker_that_cannot_start_is_told_in_one_line_too(models: Path, processes: int) -> None:
    """The second of each process; its log has started by then."""
    code = (
        "import resource, sys; from service import command\n"
        "from service.machine import threads\n"
        "started, workers = threads.start, []\n"
        "def start(thread):\n"
        "    workers.append(thread.name == 'worker')\n"
        "    if sum(workers) == 2:\n"
        "        resource.setrlimit(resource.RLIMIT_NPROC, (1, 100))\n"
        "    started(thread)\n"
        "threads.start = start\n"
        "sys.exit(command.main())"
    )
    settings = {"models": models, "model": "colours", "processes": processes, "workers": 4}
    process = Process(settings, with_threads(100), code)
    assert process.process.wait(timeout=60) == 2
    process.stop()
    assert process.lines and set(process.lines) == {reason(1, 0)}


@ALONE
@pytest.mark.parametrize(
    ("processes", "used", "looks"),
    [
        (1, 1, 1),
        (1, 1, 2),
        (1, 2, 1),
        (1, 2, 2),
        (2, 1, 1),
        (2, 1, 2),
        (2, 1, 3),
        (2, 2, 1),
        (2, 2, 2),
        (2, 2, 3),
    ],
)
def test_room_that_is_gone_after_a_look_is_told_in_one_line_too(
    models: Path, processes: int, used: int, looks: int
) -> None:
    code = (
        "import resource, sys; from service import command\n"
        "from service.machine import threads\n"
        "looked, looks = threads.make_room, []\n"
        "def look(wanted):\n"
        "    looked(wanted)\n"
        "    looks.append(wanted)\n"
        f"    if len(looks) == {looks}:\n"
        "        resource.setrlimit(resource.RLIMIT_NPROC, (1, 100))\n"
        "threads.make_room = look\n"
        "from service.networks import runtime\n"
        "runtime.make_room = look\n"
        "sys.exit(command.main())"
    )
    settings = {"models": models, "model": "colours", "processes": processes, "threads": used, "workers": 4}
    process = Process(settings, with_threads(100), code)
    assert process.process.wait(timeout=60) == 2
    process.stop()
    (line,) = set(process.lines)
    forks = "SERVICE_PROCESSES: Expected room for 2 processes. Received: "
    assert line == reason(1, 0) or (processes == 2 and line.startswith(forks))


@ALONE
def test_looks_that_get_no_thread_are_warnings_and_go_on(models: Path) -> None:
    code = (
        "import resource, sys; from service import command; from service.lifecycle import reload\n"
        "looked = reload.Reloader.look\n"
        "def look(self):\n"
        "    looked(self)\n"
        "    resource.setrlimit(resource.RLIMIT_NPROC, (1, 100))\n"
        "begun = reload._in_background\n"
        "def begin(work):\n"
        "    try:\n"
        "        return begun(work)\n"
        "    finally:\n"
        "        resource.setrlimit(resource.RLIMIT_NPROC, (100, 100))\n"
        "reload.Reloader.look, reload._in_background = look, begin\n"
        "sys.exit(command.main())"
    )
    with running(models, with_threads(100), code, reload_seconds=0.05) as (process, address):
        for _ in range(2):
            assert "more thread." in process.wait_for("cannot look for new models")["reason"]
        assert httpx.post(f"{address}/v1/classify", files={"image": picture()}).status_code == 200
    assert not [line for line in process.lines if "Traceback" in line]


@pytest.mark.parametrize(
    ("limit", "processes"), [(1, 1), (1, 2), pytest.param(4, 1, marks=ALONE), pytest.param(7, 2, marks=ALONE)]
)
def test_tune_ends_in_one_line(models: Path, limit: int, processes: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", "tune", "--seconds", "0.5"],
        env=os.environ
        | {"SERVICE_MODELS": str(models), "SERVICE_MODEL": "colours", "SERVICE_PROCESSES": str(processes)},
        preexec_fn=with_threads(limit),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines(keepends=True)
    assert line.startswith("Expected room for ") and line.endswith(ADVICE)


# A network whose threads are not all there waits for them for ever.
OPEN = """if True:
    import sys
    from pathlib import Path
    from service.errors import TooFewThreads
    from service.networks.runtime import Runtime
    try:
        Runtime(6).open(Path(sys.argv[1]))
    except TooFewThreads as error:
        print(error)
"""


@ALONE
@pytest.mark.parametrize("limit", [1, 3, 5])
def test_a_network_is_not_opened_with_half_of_its_threads(models: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, models / "colours/1/model.onnx"],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=with_threads(limit),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == reason(5, limit - 1)


def test_there_is_room_for_none_and_for_many() -> None:
    for wanted in (-1, 0, 1, 200):
        threads.make_room(wanted)


def test_the_threads_that_are_wanted_grow_with_what_is_set() -> None:
    def wanted(processes: int, **settings: int | bool) -> int:
        return threads_together(Settings(workers=8, **settings), processes)  # type: ignore[arg-type]

    assert Share(processes=8).crew(8) == 4
    assert (wanted(1), wanted(1, tracing=True), wanted(1, threads=3)) == (10, 11, 12)
    assert (wanted(8), wanted(8, tracing=True), wanted(8, threads=3)) == (56, 64, 72)
    assert threads_together(Settings(workers=1), 1) == threads.FEWEST
