"""ONNX Runtime sessions: how many threads, which processors, and the CPU wherever another is not there."""

import io
import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Self

import onnxruntime

from service.errors import InvalidBundle, TooFewThreads
from service.machine import cpus
from service.machine.threads import make_room, needed
from service.networks.adaptive import AdaptiveSession
from service.networks.lone import MOST_HELPED, LoneSession

CPU: Final = "cpu"
PROVIDERS: Final = {
    "openvino": "OpenVINOExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    CPU: "CPUExecutionProvider",
}
"""ONNX Runtime's execution providers by the names of the setting."""
_ARENA: Final = {
    "max_mem": 0,
    "arena_extend_strategy": 1,
    "initial_chunk_size_bytes": -1,
    "max_dead_bytes_per_chunk": -1,
}
"""No limit, grown by what is asked for and not by powers of two; the rest as ONNX Runtime has it."""
_SPIN_MICROSECONDS: Final = 50
"""How long a thread that helps looks out for its part of the next layer before it sleeps. To wake it takes as
long: a lone inference of a light network takes 4.5 ms in place of 5.4 with two threads, for no more CPU."""

_arena_lock = threading.Lock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Runtime:
    """What sessions run on."""

    threads: int = 0
    """CPUs that one inference may use; 0: ONNX Runtime decides."""
    adaptive: bool = False
    """Whether an inference makes do with one CPU while others need the rest."""
    providers: tuple[str, ...] = ()
    """Of PROVIDERS without the CPU, the best first; the CPU takes what they cannot compute."""
    at_once: int = 0
    """Most pictures of one inference; 0: as many as pay on a CPU."""
    others: Callable[[], int] | None = None
    """How many workers are busy besides the one that asks, where processes are forked with the sessions that
    are open: no such session may have threads of its own, which would stay behind."""
    begun: "dict[tuple[Runtime, Path, bool], Future[Any]]" = field(
        default_factory=dict, repr=False, compare=False
    )
    """Sessions that are opened ahead, until they are asked for: by whom, of which file, `light` or not."""

    @classmethod
    def available(
        cls,
        threads: int,
        wanted: Iterable[str],
        adaptive: bool = False,
        at_once: int = 0,
        others: Callable[[], int] | None = None,
    ) -> Self:
        """With those of PROVIDERS that are wanted and installed; warns of each that is not installed."""
        has, found = onnxruntime.get_available_providers(), []
        for name in wanted:
            if name == CPU:
                continue
            if PROVIDERS[name] in has:
                found.append(name)
            else:
                _warn(name, "this installation of ONNX Runtime does not have it")
        if "cuda" in found:
            _load_cuda()
        return cls(threads, adaptive, tuple(found), at_once, others)

    @property
    def single(self) -> Self:
        """The same with one thread: for networks so small that more bring little."""
        return replace(self, threads=1, adaptive=False)

    def begin(self, path: Path, light: bool, pool: Executor) -> None:
        """Let `pool` open a file already that `open` will be asked for."""
        self.begun[self, path, light] = pool.submit(self._open_kind, path, light)

    def open(self, path: Path, light: bool = False) -> Any:
        """An `InferenceSession` of a file, or what is used like one where inferences share the CPUs.

        That is an `AdaptiveSession`; or a `LoneSession` for a `light` network, to which more threads bring
        less, and where processes are forked with it. What a provider cannot run is run by the CPU, with a
        warning. Raises InvalidBundle, with a one-line reason, where there is no file that ONNX Runtime can
        load, and TooFewThreads.
        """
        begun = self.begun.pop((self, path, light), None)
        return begun.result() if begun else self._open_kind(path, light)

    def _open_kind(self, path: Path, light: bool) -> Any:
        if not path.is_file():
            raise InvalidBundle(f"{path}: expected an ONNX file. Received: nothing at this path.")
        if not self.adaptive or not (light or self.others):
            return self._open(path, str(path))
        if self.threads == 1 or self.providers:
            return self.single._open(path, str(path))
        # Both sessions are of the same bytes, whatever becomes of the file before the second is opened.
        try:
            model = path.read_bytes()
        except OSError as error:
            raise InvalidBundle(f"{path}: expected a file to read. Received: {error.strerror}.") from None
        threads = min(self.threads, MOST_HELPED if light else self.threads)
        more = replace(self, threads=threads, adaptive=False)
        one, open_more = self.single._open(path, model), partial(more._open, path, model)
        return LoneSession(one, open_more, max(1, cpus.available() // threads), self.others or (lambda: 0))

    def _open(self, path: Path, model: str | bytes) -> Any:
        make_room(self.threads - 1)  # ONNX Runtime waits for ever if it gets some of its threads, but not all
        try:
            with needed():
                session = self._start(model)
        except TooFewThreads:
            raise
        except Exception as error:  # ONNX Runtime raises its own unrelated classes for broken files
            reason = str(error).partition("\n")[0] or type(error).__name__
            if self.providers:
                session = replace(self, providers=())._open(path, model)
                _warn(",".join(self.providers), reason)
                return session
            raise InvalidBundle(f"{path}: ONNX Runtime cannot load this file: {reason}") from error
        running = session.get_providers()
        for name in self.providers:
            if PROVIDERS[name] not in running:
                _warn(name, "ONNX Runtime could not start it: its libraries or its device are missing")
        if self.adaptive and self.threads > 1 and not self.providers:
            return AdaptiveSession(session, self.threads)
        return session

    def _start(self, model: str | bytes) -> Any:
        # Its own fallback would print to stdout, which is where the logs are.
        return onnxruntime.InferenceSession(
            model,
            session_options(self.threads),
            providers=[PROVIDERS[name] for name in (*self.providers, CPU)],
            enable_fallback=0,
        )


ON_CPU: Final = Runtime()


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """ONNX Runtime options for a shared CPU: no spinning between inferences, little memory.

    All sessions compute in one arena: what a network computes with is free again for the next one. With
    arenas of their own the classifier and the networks of the eye locator would hold the sum of it: 28 MB
    more with two workers. No inference plans its memory in advance: that block is twice what it ever needs.
    """
    with _arena_lock:
        _share_arena()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    if threads == 1:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    else:
        options.add_session_config_entry("session.intra_op.spin_duration_us", str(_SPIN_MICROSECONDS))
        options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.log_severity_level = 3
    return options


@cache  # a second registration is an error; `_arena_lock` keeps two threads from the first
def _share_arena() -> None:
    kind = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, onnxruntime.OrtMemType.DEFAULT)
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg(_ARENA))


@cache
def _load_cuda() -> None:
    """Load NVIDIA's libraries from where pip puts them, which the system's loader does not search.

    What is missing stays missing: the provider then cannot start, and says so.
    """
    with redirect_stdout(io.StringIO()):  # it prints what it does not find to where the logs are
        onnxruntime.preload_dlls()


@cache  # once, however many networks there are
def _warn(provider: str, reason: str) -> None:
    message = "execution provider is not used, the CPU takes over"
    _log.warning(message, extra={"provider": provider, "reason": reason})
