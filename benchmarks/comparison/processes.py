"""A server with all its processes: start, count what they use, and stop every one."""

import os
import resource
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "BENCHMARK_RUN"
STOP_SECONDS = 15.0
_TICKS = os.sysconf("SC_CLK_TCK")


def inherited() -> dict[str, str]:
    """The own environment for a server, which keeps its byte code as it would anywhere else."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Tree:
    """A started command and everything that it started, also what has left its process group."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._mark = uuid.uuid4().hex
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env=environment | {MARK: self._mark}, stdout=output, stderr=subprocess.STDOUT
            )

    def pids(self) -> list[str]:
        """Descendants by parent, and processes that carry the mark (some rewrite theirs, some leave home)."""
        parents: dict[str, str] = {}
        marked = {str(self.process.pid)}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parents[folder.name] = _stat(folder.name)[1]
                if f"{MARK}={self._mark}".encode() in (folder / "environ").read_bytes():
                    marked.add(folder.name)
            except OSError:
                continue
        found = {pid for pid in marked if pid in parents}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found)

    def memory(self) -> float:
        """Megabytes in RAM; pages that several processes share count once (PSS)."""
        return proportional_memory(self.pids())

    def cpu_seconds(self) -> float:
        """CPU time of all living processes so far."""
        total = 0.0
        for pid in self.pids():
            try:
                fields = _stat(pid)
            except OSError:
                continue
            total += (int(fields[11]) + int(fields[12])) / _TICKS
        return total

    def busy(self, seconds: float) -> float:
        """Share of one CPU that all processes use during so many seconds from now."""
        begin, cpu = time.perf_counter(), self.cpu_seconds()
        time.sleep(seconds)
        return (self.cpu_seconds() - cpu) / (time.perf_counter() - begin)

    def stop(self) -> None:
        """Ask the command to end, then end whatever is left of it."""
        members = self.pids()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        own = set(members) & {pid for pid in members if _carries(pid, self._mark)}
        for pid in own | set(self.pids()):
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + STOP_SECONDS
        while self.pids() and time.monotonic() < deadline:
            time.sleep(0.05)

    def complaint(self) -> str:
        """The last line that the command wrote."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip()[:300] if lines else "no message"


@contextmanager
def started(command: list[str], environment: dict[str, str], log: Path) -> Iterator[Tree]:
    """A running command that is stopped in any case."""
    tree = Tree(command, environment, log)
    try:
        yield tree
    finally:
        tree.stop()


def proportional_memory(pids: Iterable[str]) -> float:
    """Megabytes (PSS) of processes; those that have ended count nothing."""
    kilobytes = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        kilobytes += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return kilobytes * 1024 / 1e6


def resident_memory() -> float:
    """Megabytes of this process that are in RAM."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def _stat(pid: str) -> list[str]:
    """Fields of /proc/PID/stat behind the name: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()


def _carries(pid: str, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
