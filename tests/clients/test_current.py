"""What is generated is what the generators make of the API as it is."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts import make_clients

REMEDY = "The API has changed: run `make clients` and commit what it writes."


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_openapi_document_is_current() -> None:
    assert make_clients.OPENAPI.read_text() == make_clients.openapi_document(), REMEDY


def test_python_client_is_current(tmp_path: Path) -> None:
    make_clients.generate_python(make_clients.OPENAPI, tmp_path / "python")
    assert _texts(make_clients.PYTHON) == _texts(tmp_path / "python"), REMEDY


@pytest.mark.parametrize("what", ["image_classifier_client", make_clients.ROOT / "examples/typed_client.py"])
def test_python_client_and_whoever_uses_it_pass_strict_types(tmp_path: Path, what: str | Path) -> None:
    # A cache beside the client would count as a part of it.
    options = ["--strict", "--config-file=", f"--cache-dir={tmp_path}"]
    command = [sys.executable, "-m", "mypy", *options, str(what)]
    result = subprocess.run(command, cwd=make_clients.PYTHON, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@pytest.mark.browser
def test_typescript_types_are_current() -> None:
    assert make_clients.TYPESCRIPT.read_text() == make_clients.generate_typescript(make_clients.OPENAPI), (
        REMEDY
    )


@pytest.mark.browser
def test_typescript_takes_files_as_photos(tmp_path: Path) -> None:
    (tmp_path / "forms.ts").write_text(
        f"""
        import type {{ operations }} from "{make_clients.TYPESCRIPT.with_name("schema.js")}";
        type Form<Name extends "classify" | "classify_batch"> =
            operations[Name]["requestBody"]["content"]["multipart/form-data"];
        const file = new File([], "photo.jpg", {{ type: "image/jpeg" }});
        export const one: Form<"classify"> = {{ image: file }};
        export const many: Form<"classify_batch"> = {{ images: [file, new Blob()] }};
        """
    )
    tsc = make_clients.ROOT / "node_modules" / ".bin" / "tsc"
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "es2022"]
    options += ["--moduleResolution", "bundler", str(tmp_path / "forms.ts")]
    result = subprocess.run([str(tsc), *options], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
