import re
from pathlib import Path

import pytest

from service.settings import Settings, split

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
COMPOSE = ROOT / "docker-compose.yml"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_PORT", "9000")
    monkeypatch.setenv("SERVICE_DOCS", "false")
    monkeypatch.setenv("SERVICE_API_KEYS", "a-key-of-16-chars, another-key-of-16-chars")
    settings = Settings()
    assert (settings.port, settings.docs) == (9000, False)
    assert len(split(settings.api_keys.get_secret_value())) == 2
    assert "a-key" not in repr(settings)


def test_parts_between_commas() -> None:
    assert split("") == ()
    assert split(" a, b ,,") == ("a", "b")


def test_every_setting_is_documented() -> None:
    text = OPERATIONS.read_text()
    for name in Settings.model_fields:
        assert f"`SERVICE_{name.upper()}`" in text


def test_compose_hands_on_every_setting() -> None:
    compose = COMPOSE.read_text()
    for name in Settings.model_fields.keys() - {"host", "port"}:
        assert f"\n      SERVICE_{name.upper()}:" in compose


def test_compose_can_trace() -> None:
    compose = COMPOSE.read_text()
    documented = set(re.findall(r"OTEL_[A-Z_]+[A-Z]", OPERATIONS.read_text()))
    assert documented == set(re.findall(r"\n      (OTEL_[A-Z_]+):(?=\n)", compose))
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in documented
    (variable, default) = re.findall(r"\n        REQUIREMENTS: \${(\w+):-(\w+)}\n", compose)[0]
    assert f"{variable}=tracing SERVICE_TRACING=true " in OPERATIONS.read_text()
    assert f"ARG REQUIREMENTS={default}\n" in (ROOT / "docker" / "service.Dockerfile").read_text()
    assert (ROOT / "requirements" / "tracing.txt").exists()
