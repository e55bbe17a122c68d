"""What a measurement was made on."""

import platform
from importlib.metadata import version
from pathlib import Path

from service import cpus


def describe(*packages: str) -> str:
    """One line: processor, CPUs given to this process, Python and the versions of `packages`."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{_processor()}, {cpus.available()} CPUs, Python {platform.python_version()}, {versions}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
