"""Generate the OpenAPI document and the typed clients under `clients/`: `make clients`."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from service.app import create_app
from service.settings import Settings

ROOT: Final = Path(__file__).parent.parent
CLIENTS: Final = ROOT / "clients"
TEMPLATES: Final = ROOT / "scripts" / "client-templates"
"""What the generator should write otherwise: a README with calls that exist."""
_BOUNDARY: Final = '    headers["Content-Type"] = "multipart/form-data; boundary=+++"\n\n'
"""One for all forms, which a file may hold: what is behind it would be another file. httpx makes its own."""
_STATUS: Final = {
    "from http import HTTPStatus\n": "",
    "HTTPStatus(response.status_code)": "response.status_code",
    "status_code: HTTPStatus": "status_code: int",
}
"""Python's own list, which lacks what some proxies answer: Cloudflare's 520 to 530 ended in a ValueError."""
_PARSING: Final = re.compile(r"def _parse_response\(.*?\) -> [^:]*:\n(?=.*?response\.json\(\))", re.DOTALL)
_FOREIGN: Final = """\
    kind = "application/json" if response.is_success else "application/problem+json"
    if not response.headers.get("content-type", "").startswith(kind):
        # What stands between has answered for the service, a proxy for instance, and in HTML.
        if client.raise_on_unexpected_status:
            raise errors.UnexpectedStatus(response.status_code, response.content)
        return None

"""
OPENAPI: Final = CLIENTS / "openapi.json"
PYTHON: Final = CLIENTS / "python"
TYPESCRIPT: Final = CLIENTS / "typescript" / "schema.d.ts"


def openapi_document() -> str:
    """The service's OpenAPI document as JSON text."""
    return json.dumps(create_app(Settings()).openapi(), indent=2) + "\n"


def generate_python(document: Path, folder: Path) -> None:
    """Generate an installable Python package from an OpenAPI document into `folder`, made new."""
    # The generator formats with ruff and looks for it beside the interpreter.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    config = CLIENTS / "python-generator.yaml"
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "uv", "--overwrite"]
    options = ["--path", str(document), "--output-path", str(folder), "--config", str(config)]
    options += ["--custom-template-path", str(TEMPLATES)]
    subprocess.run([*command, *options], check=True, env={**os.environ, "PATH": path}, capture_output=True)
    shutil.rmtree(folder / ".ruff_cache", ignore_errors=True)
    for module in (folder / "image_classifier_client").rglob("*.py"):
        module.write_text(_mended(module.read_text()))


def _mended(module: str) -> str:
    """A module of the client without what would need a copy of the generator's whole template."""
    for made, meant in {_BOUNDARY: "", **_STATUS}.items():
        module = module.replace(made, meant)
    return _PARSING.sub(lambda found: found[0] + _FOREIGN, module)


def generate_typescript(document: Path) -> str:
    """TypeScript declarations for an OpenAPI document."""
    command = ["node", str(ROOT / "scripts" / "typescript_types.mjs"), str(document)]
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return result.stdout


def main() -> int:
    """Write everything that is generated."""
    OPENAPI.write_text(openapi_document())
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "python"
        generate_python(OPENAPI, made)
        shutil.rmtree(PYTHON, ignore_errors=True)
        shutil.copytree(made, PYTHON)
    TYPESCRIPT.write_text(generate_typescript(OPENAPI))
    return 0


if __name__ == "__main__":
    sys.exit(main())
