"""Copy Python, its packages and the libraries they need into an empty folder: the root of a small image.

    python distroless.py PACKAGES TARGET

PACKAGES is a folder made by `pip install --target`. The result has no shell, no package manager and no
tests: whoever breaks into a container finds nothing to run but Python, and there is less to keep patched.
Standard library only; Linux with glibc.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

SITE = Path("opt/service")
NOT_AT_RUN_TIME = shutil.ignore_patterns(
    "__pycache__", "*.pyi", "*.pxd", "*.a", "*.h", "test", "tests", "bin",
    "ensurepip", "idlelib", "lib2to3", "pydoc_data", "tkinter", "turtledemo",
    "site-packages", "dist-packages", "config-3*",
)  # fmt: skip
UNUSED_PARTS = (
    "numpy/distutils", "numpy/f2py", "onnxruntime/datasets", "onnxruntime/quantization", "onnxruntime/tools",
    "onnxruntime/transformers",
)  # fmt: skip
"""What packages bring along for development; nothing that runs imports it."""
FILES = ("/etc/ld.so.cache", "/etc/nsswitch.conf")


def main() -> None:
    """Build the root."""
    packages, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    root.mkdir(parents=True)
    _merge_usr(root)
    for part in UNUSED_PARTS:
        shutil.rmtree(packages / part, ignore_errors=True)  # a version may have dropped it
    shutil.copytree(packages, root / SITE, ignore=NOT_AT_RUN_TIME)
    standard_library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(standard_library, _in(root, standard_library), ignore=NOT_AT_RUN_TIME)
    interpreter = Path(sys.executable).resolve()
    _copy(root, interpreter)
    for name in ("python", "python3"):
        _link(_in(root, Path("/usr/local/bin") / name), interpreter)
    for library in _libraries([interpreter, *packages.rglob("*.so*"), *standard_library.rglob("*.so")]):
        if not library.is_relative_to(packages):
            _copy(root, library)
    for file in map(Path, FILES):
        if file.exists():
            _copy(root, file)
    _users(root)


def _merge_usr(root: Path) -> None:
    """`/lib` and the like are links to `/usr/lib` on Debian; the loader is found through them."""
    for name in ("bin", "lib", "lib64", "sbin"):
        place = Path("/", name)
        if place.is_symlink():
            (root / "usr" / name).mkdir(parents=True)
            (root / name).symlink_to(os.readlink(place))


def _libraries(binaries: Iterable[Path]) -> set[Path]:
    """The shared libraries, the loader included, that binaries are linked to."""
    return {library for binary in binaries if not binary.is_symlink() for library in _linked(binary)}


def _linked(binary: Path) -> Iterator[Path]:
    listing = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
    for line in listing.splitlines():
        if "not found" in line:
            sys.stderr.write(f"{binary} looks for a library that is not here: {line.strip()}\n")
        for word in line.split():
            if word.startswith("/"):
                yield Path(word)


def _copy(root: Path, file: Path) -> None:
    target = _in(root, file)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)


def _link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(place):
        place.symlink_to(target)


def _in(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _users(root: Path) -> None:
    """Their names, and the folders where everybody may write."""
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text(
        "root:x:0:0::/:/nologin\nservice:x:10001:10001::/:/nologin\n", encoding="utf-8"
    )
    (root / "etc/group").write_text("root:x:0:\nservice:x:10001:\n", encoding="utf-8")
    for name in ("tmp", "var/tmp"):
        (root / name).mkdir(parents=True)
        (root / name).chmod(0o1777)


if __name__ == "__main__":
    main()
