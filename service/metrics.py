"""What an operator sees: Prometheus metrics on a registry of their own."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from service.answering.workers import Workers
from service.errors import InternalError, ServiceError
from service.networks.models import ModelStore
from service.schemas import Answer

# A creation time for each series would double them, and nobody reads it.
disable_created_metrics()  # type: ignore[no-untyped-call]
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REJECTIONS: Final = ("overloaded", "deadline_exceeded", "request_timeout", "unauthorized")


class Metrics:
    """Counters and histograms of one application; no label ever holds text that a client chose."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._series = cache(_series)
        """Of a metric by its labels; Prometheus's own look-up takes a lock and ten times as long."""
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "service_requests",
            "Requests by route template and status; 499 is a client that gave up.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._request_seconds = self._histogram(
            "service_request_seconds", "From the head of a request to its answer.", "route"
        )
        self._stage_seconds = self._histogram(
            "service_stage_seconds", "Work on one image, by stage; waiting excluded.", "stage"
        )
        self._waiting_seconds = self._histogram(
            "service_waiting_seconds", "How long an image waited for a worker."
        )
        self._rejections = Counter(
            "service_rejections",
            "Requests refused for the sake of the others, by code.",
            ["code"],
            registry=self.registry,
        )
        self._images = Counter(
            "service_images",
            "Images by outcome: ok, or a problem's code.",
            ["outcome"],
            registry=self.registry,
        )
        self._predictions = Counter(
            "service_predictions",
            "Answered regions by predicted label: watch this for drift.",
            ["model", "version", "label", "certain"],
            registry=self.registry,
        )
        self._reloads = Counter(
            "service_model_reloads",
            "New model versions found while running, by outcome: loaded or rejected.",
            ["outcome"],
            registry=self.registry,
        )
        self._begin()

    def watch(self, models: ModelStore, workers: Workers) -> None:
        """Report these at every scrape from now on."""
        self.registry.register(_ModelCollector(models))
        for name, text, read in (
            ("service_requests_inside", "Requests admitted and not yet answered.", lambda: workers.inside),
            ("service_images_queued", "Images waiting for a worker.", lambda: workers.queued),
            ("service_workers_busy", "Workers that decode or classify.", lambda: workers.running),
            ("service_workers", "Workers, each with an image or a few that waited.", lambda: workers.count),
        ):
            Gauge(name, text, registry=self.registry).set_function(read)

    def expect(self, calls: Iterable[tuple[str, str]]) -> None:
        """Tell from the start, as 0, how many of these calls (method, route) met something unexpected."""
        for method, route in calls:
            self._series(self._requests, method, route, "500")

    def requested(self, method: str, route: str, status: int, seconds: float, code: str) -> None:
        """Count one request that has ended; `code` is its problem's, or empty."""
        known = method if method in _METHODS else "other"
        series = self._series
        series(self._requests, known, route, str(status)).inc()
        series(self._request_seconds, route).observe(seconds)
        if code in _REJECTIONS:
            series(self._rejections, code).inc()

    def waited(self, seconds: float) -> None:
        """Count the wait of one image."""
        self._waiting_seconds.observe(seconds)

    def answered(self, answer: Answer) -> None:
        """Count one classified image and its stages."""
        series, model = self._series, answer.model
        series(self._images, "ok").inc()
        for stage in answer.milliseconds.model_fields_set:  # a stage that is not there has not run
            series(self._stage_seconds, stage).observe(getattr(answer.milliseconds, stage) / 1000)
        for result in answer.results:
            certain = str(result.certain).lower()
            series(self._predictions, model.name, str(model.version), result.label, certain).inc()

    def refused(self, error: ServiceError) -> None:
        """Count one image that could not be answered."""
        self._series(self._images, error.code).inc()

    def reloaded(self, outcome: str) -> None:
        """Count a new model version: `loaded` or `rejected`."""
        self._series(self._reloads, outcome).inc()

    def _begin(self) -> None:
        """Tell from the start, as 0, what alerts wait for: to Prometheus a new series of 1 has not risen."""
        for code in _REJECTIONS:
            self._series(self._rejections, code)
        for outcome in ("ok", InternalError.code):
            self._series(self._images, outcome)
        for outcome in ("loaded", "rejected"):
            self._series(self._reloads, outcome)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, buckets=_SECONDS, registry=self.registry)


def _series(metric: Any, *labels: str) -> Any:
    return metric.labels(*labels)


class _ModelCollector(Collector):
    """Which model answers, read at every scrape so that a replaced version disappears."""

    def __init__(self, models: ModelStore) -> None:
        self._models = models

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "service_model", "Always 1: the models that answer.", labels=["name", "version", "sha256"]
        )
        for bundle in self._models:
            metadata = bundle.metadata
            family.add_metric([metadata.name, str(metadata.version), bundle.sha256], 1)
        yield family
