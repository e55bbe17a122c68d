import re
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from service.commas import split
from service.settings import Settings, misspelt

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
COMPOSE = ROOT / "docker-compose.yml"


def test_the_environment_decides() -> None:
    given = {"SERVICE_PORT": "9000", "service_docs": "false", "PORT": "1", "SERVICE_NAME": "eyes"}
    settings = Settings.of(given | {"SERVICE_API_KEYS": "a-key-of-16-chars, another-key-of-16-chars"})
    assert (settings.port, settings.docs) == (9000, False)
    assert len(split(settings.api_keys.get_secret_value())) == 2
    assert "a-key" not in repr(settings)


def test_a_variable_in_capitals_wins_wherever_it_stands() -> None:
    given = {"SERVICE_PORT": "9000", "service_port": "9001", "Service_Port": "9002"}
    for variables in (given, dict(reversed(given.items()))):
        assert Settings.of(variables).port == 9000


@pytest.mark.parametrize("keys", [",", " , ", " "])
def test_keys_that_are_all_empty_do_not_open_the_door(keys: str) -> None:
    with pytest.raises(ValidationError, match="Expected keys of 16 or more"):
        Settings(api_keys=SecretStr(keys))


@pytest.mark.parametrize("given", [{"max_buffered_bytes": 2**20}, {"max_body_bytes": 2**29}])
def test_the_largest_body_has_to_fit_into_memory(given: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="Expected SERVICE_MAX_BODY_BYTES, which is \\d+, or more"):
        Settings(**given)  # type: ignore[arg-type]


def test_a_variable_that_hardly_differs_from_a_setting_is_told_apart_from_others() -> None:
    meant = {"SERVICE_API_KEY": "SERVICE_API_KEYS", "SERVICE_PROT": "SERVICE_PORT"}
    assert misspelt([*meant, "SERVICE_NAME", "SERVICE_PORT", "service_port", "API_KEYS"]) == meant
    assert not misspelt(f"SERVICE_{name.upper()}" for name in Settings.model_fields)


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
