"""How large the service's image is, with the models and without.

    CONTAINER_ENGINE=docker python -m benchmarks.image_size

Builds the image from its Dockerfile. A machine without the engine says so, and nothing is measured.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

from benchmarks import records
from training.console import say

TAG: Final = "image-classifier-service"
COUNT: Final = """
import pathlib
print(sum(path.stat().st_size for path in pathlib.Path("/models").rglob("*") if path.is_file()))
"""


def main() -> None:
    """Build, measure and print a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=records.FOLDER)
    options = parser.parse_args()
    engine = shlex.split(os.environ.get("CONTAINER_ENGINE", "docker"))
    if shutil.which(engine[0]) is None:
        say(f"The image is not measured: {engine[0]} is not here (CONTAINER_ENGINE names another).")
        return
    _run([*engine, "build", "--file", "docker/service.Dockerfile", "--tag", TAG, "."])
    size = int(json.loads(_run([*engine, "image", "inspect", TAG]))[0]["Size"]) / 1e6
    models = int(_run([*engine, "run", "--rm", TAG, "python", "-c", COUNT]).split()[-1]) / 1e6
    say(f"The image takes {size:.0f} MB, of which {models:.0f} are models.")
    records.keep(options.out, "image", megabytes=size, models=models, rest=size - models)


def _run(command: list[str]) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
