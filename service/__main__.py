"""Run the service: `python -m service`; `--help` lists the settings."""

import argparse
import sys

import uvicorn
from pydantic import ValidationError

from service.app import create_app, load_predictor
from service.errors import InvalidBundle
from service.predictor import Predictor
from service.settings import Settings


def main() -> int:
    """Start the service; returns the exit code, 2 where the settings or a model stop the start."""
    argparse.ArgumentParser(
        prog="python -m service",
        description="Serves model bundles over HTTP. Settings are environment variables:",
        epilog=_describe_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "SERVICE_" + "_".join(str(part) for part in first["loc"]).upper()
        sys.stderr.write(f"{name}: {first['msg']}. Received: {first['input']!r}.\n")
        return 2
    try:
        predictor = load_predictor(settings)
    except InvalidBundle as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return _serve(settings, predictor)


def _serve(settings: Settings, predictor: Predictor) -> int:
    config = uvicorn.Config(
        create_app(settings, predictor),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 2


def _describe_settings() -> str:
    lines = []
    for name, field in Settings.model_fields.items():
        lines.append(f"  SERVICE_{name.upper()} (default: {field.default!s})")
        lines.append(f"      {field.description}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
