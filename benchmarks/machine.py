"""What a measurement was made on."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from service.machine import cpus

_INT8: Final = {
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX VNNI",
    "avx2": "AVX2",
    "asimddp": "dot products",
}
"""What int8 arithmetic can use, the fastest first, by the kernel's name: it decides by a factor of three."""


def describe(*packages: str) -> str:
    """One line: processor, CPUs given to this process, Python and the versions of installed `packages`."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages if _installed(name))
    return f"{_processor()}, {cpus.available()} CPUs, Python {platform.python_version()}, {versions}"


def _installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    facts = {name.strip(): value.split() for name, _, value in (line.partition(":") for line in lines)}
    name = " ".join(facts.get("model name", [])) or platform.machine()
    flags = facts.get("flags") or facts.get("Features") or []
    int8 = next((text for flag, text in _INT8.items() if flag in flags), None)
    return f"{name} with {int8}" if int8 else name
