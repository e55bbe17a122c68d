"""OpenTelemetry traces, an optional extra: FastAPI makes the spans, this module sends them."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from fastapi.telemetry import TelemetryConfig

from service.errors import TracingNotInstalled

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


def telemetry(enabled: bool) -> tuple[TelemetryConfig, "TracerProvider | None"]:
    """FastAPI's telemetry configuration, and the provider to shut down at the end.

    Spans go where the standard variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, ...). They
    hold the route, the status and how long each step took. Raises TracingNotInstalled.
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


def _provider() -> "TracerProvider":
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingNotInstalled(
            f"SERVICE_TRACING: expected the packages of requirements/tracing.txt. Received: {error}."
        ) from None
    # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win over this name.
    named = Resource.create({SERVICE_NAME: "image-classifier"}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=named)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _is_probe(scope: MutableMapping[str, Any]) -> bool:
    return str(scope.get("path", "")).startswith(("/health", "/metrics"))
