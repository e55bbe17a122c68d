"""OpenTelemetry traces, an optional extra: FastAPI makes the spans, this module sends them."""

import asyncio
import threading
from collections.abc import MutableMapping
from http import HTTPMethod
from typing import TYPE_CHECKING, Any, Final

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace

from service.errors import CannotTrace
from service.http.health import PROBES

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

LAST_SECONDS: Final = 2.0
"""How long the end of the service waits for the last spans. For a collector that cannot be reached it would
wait ten, after the time that requests have to end, and be killed for it."""


def telemetry(enabled: bool) -> tuple[TelemetryConfig, "TracerProvider | None"]:
    """FastAPI's telemetry configuration, and the provider to shut down at the end.

    Spans go where the standard variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, ...). They
    hold the route, the status and how long each step took. Raises CannotTrace.
    """
    # Metrics are Prometheus's here, and exception logs could quote what a client sent.
    config = TelemetryConfig(
        tracing=enabled, metrics=False, logs=False, auto_configure=False, exclude=_is_probe
    )
    if not enabled:
        return config, None
    provider = _provider()
    config["tracer_provider"] = provider
    return config, provider


def name_span(method: str, route: str | None) -> None:
    """Tell the span that is open of its route, as FastAPI does for requests whose route it has found."""
    span = trace.get_current_span()
    if route and span.is_recording():
        span.update_name(f"{method if method in HTTPMethod.__members__ else 'HTTP'} {route}")
        span.set_attribute("http.route", route)


async def close(provider: "TracerProvider") -> None:
    """Send the last spans; gives up after LAST_SECONDS."""
    # On a thread that Python's end does not wait for, as it does for those of `asyncio.to_thread`.
    sending = threading.Thread(target=provider.shutdown, name="tracing", daemon=True)
    sending.start()
    await asyncio.to_thread(sending.join, LAST_SECONDS)


def _provider() -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over this name.
        named = Resource.create({SERVICE_NAME: "image-classifier"}).merge(OTELResourceDetector().detect())
        provider = TracerProvider(resource=named)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    except ImportError as error:
        raise CannotTrace(
            f"SERVICE_TRACING: expected the packages of requirements/tracing.txt. Received: {error}."
        ) from None
    except ValueError as error:  # a limit below zero, which the import meets; a queue smaller than a batch
        raise CannotTrace(
            f"SERVICE_TRACING: expected `OTEL_*` variables that OpenTelemetry takes. Received: {error}"
        ) from None
    return provider


def _is_probe(scope: MutableMapping[str, Any]) -> bool:
    return str(scope.get("path", "")).startswith(PROBES)
