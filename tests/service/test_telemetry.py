import os
import subprocess
import sys
from pathlib import Path

from tests.bundles import write_bundle

LOAD = "import sys, pathlib, service.networks.bundle as b; b.load(pathlib.Path(sys.argv[1]))"


def test_loading_a_model_leaves_no_trace_of_telemetry(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "models")
    home = tmp_path / "home"
    home.mkdir()
    # ONNX Runtime keeps telemetry off under CI by itself; the promise must hold everywhere.
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "LANG")}
    environment = kept | {"HOME": str(home), "XDG_CACHE_HOME": str(home), "ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", LOAD, str(folder)], env=environment, check=True, timeout=60)
    assert list(home.rglob("*")) == []
