"""Probes: the process is up, the models answer, a short summary; and Prometheus's scrape.

HEAD, which some monitors ask, is GET without a body, and a route of its own: two methods of one route would
have the same id in the OpenAPI document.
"""

import time
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from service.errors import NotReady
from service.http import problems
from service.http.openapi import operation_id
from service.processes.siblings import Siblings
from service.schemas import Health, ModelReference

PROBES: Final = ("/health", "/metrics")
"""What the paths here begin with: they are neither counted nor logged nor traced."""

router = APIRouter(tags=["health"], generate_unique_id_function=operation_id)


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process is up."""
    return {"status": "live"}


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses={503: problems.documented("Stopping")})
async def ready(request: Request) -> Health:
    """Every model is loaded, warmed and gave its golden answers; otherwise 503."""
    health = _summarise(request)
    if health.status != "ready":
        raise NotReady(f"Expected a ready service. It is {health.status}.")
    return health


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def summary(request: Request) -> Health:
    """A short summary: status, models, uptime."""
    return _summarise(request)


@router.head("/metrics", include_in_schema=False)
@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Prometheus metrics; neither this nor a probe is counted in them."""
    siblings: Siblings = request.app.state.siblings
    return Response(await siblings.exposition(), media_type=CONTENT_TYPE_LATEST)


def _summarise(request: Request) -> Health:
    state = request.app.state
    store = state.predictor.models
    return Health(
        status="stopping" if state.stopping else "ready",
        models=[ModelReference(name=item.metadata.name, version=item.metadata.version) for item in store],
        rejected=[
            ModelReference(name=folder.parent.name, version=int(folder.name)) for folder in store.rejected
        ],
        uptime_seconds=round(time.monotonic() - state.started, 3),
    )
