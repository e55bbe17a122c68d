"""ONNX Runtime sessions: how many threads, which processors, and the CPU wherever another is not there."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

import onnxruntime

from service.errors import InvalidBundle

CPU: Final = "cpu"
PROVIDERS: Final = {
    "openvino": "OpenVINOExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    CPU: "CPUExecutionProvider",
}
"""ONNX Runtime's execution providers by the names of the setting."""
_CPU_OPTIONS: Final = (PROVIDERS[CPU], {"arena_extend_strategy": "kSameAsRequested"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Runtime:
    """What sessions run on."""

    threads: int = 0
    """CPUs that one inference may use; 0: ONNX Runtime decides."""
    providers: tuple[str, ...] = ()
    """Of PROVIDERS without the CPU, the best first; the CPU takes what they cannot compute."""

    @classmethod
    def available(cls, threads: int, wanted: Iterable[str]) -> Self:
        """Those of PROVIDERS that are wanted and installed; warns of each that is not installed."""
        has, found = onnxruntime.get_available_providers(), []
        for name in wanted:
            if name == CPU:
                continue
            if PROVIDERS[name] in has:
                found.append(name)
            else:
                _warn(name, "this installation of ONNX Runtime does not have it")
        return cls(threads, tuple(found))

    def open(self, path: Path) -> Any:
        """An `InferenceSession` of a file; one that a provider cannot run is run by the CPU, with a warning.

        Raises InvalidBundle, with a one-line reason, where there is no file that ONNX Runtime can load.
        """
        if not path.is_file():
            raise InvalidBundle(f"{path}: expected an ONNX file. Received: nothing at this path.")
        try:
            session = self._start(path)
        except Exception as error:  # ONNX Runtime raises its own unrelated classes for broken files
            reason = str(error).partition("\n")[0] or type(error).__name__
            if self.providers:
                session = Runtime(self.threads).open(path)
                _warn(",".join(self.providers), reason)
                return session
            raise InvalidBundle(f"{path}: ONNX Runtime cannot load this file: {reason}") from error
        running = session.get_providers()
        for name in self.providers:
            if PROVIDERS[name] not in running:
                _warn(name, "ONNX Runtime could not start it: its libraries or its device are missing")
        return session

    def _start(self, path: Path) -> Any:
        # Its own fallback would print to stdout, which is where the logs are.
        return onnxruntime.InferenceSession(
            str(path),
            session_options(self.threads),
            providers=[*(PROVIDERS[name] for name in self.providers), _CPU_OPTIONS],
            enable_fallback=0,
        )


ON_CPU: Final = Runtime()


def session_options(threads: int) -> onnxruntime.SessionOptions:
    """ONNX Runtime options for a shared CPU: no idle spinning, memory grown only as far as needed."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


@cache  # once, however many networks there are
def _warn(provider: str, reason: str) -> None:
    message = "execution provider is not used, the CPU takes over"
    _log.warning(message, extra={"provider": provider, "reason": reason})
