"""The application factory."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from service import cpus, health, problems, routes
from service.middleware import BodyLimitMiddleware, RequestIdMiddleware
from service.models import ModelStore
from service.predictor import Predictor
from service.settings import Settings
from service.workers import Workers

API_VERSION = "1.0.0"


def create_app(settings: Settings, predictor: Predictor | None = None) -> FastAPI:
    """Build the service. Models load when it starts, or `predictor` is used as it is.

    Starting raises InvalidBundle where a model cannot be served.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.predictor = predictor or load_predictor(settings)
        app.state.workers = Workers(settings.workers or cpus.available())
        app.state.started = time.monotonic()
        yield
        app.state.workers.close()

    app = FastAPI(
        title="Image classifier",
        summary="Photos in, typed answers out.",
        version=API_VERSION,
        lifespan=lifespan,
        docs_url="/docs" if settings.docs else None,
        openapi_url="/openapi.json" if settings.docs else None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.add_middleware(BodyLimitMiddleware, max_body_size=settings.max_body_bytes)
    app.add_middleware(RequestIdMiddleware)
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(health.router)
    return app


def load_predictor(settings: Settings) -> Predictor:
    """Load and verify every model that the settings ask for; raises InvalidBundle."""
    threads = settings.threads or cpus.available()
    return Predictor(ModelStore.load(settings.models, settings.model, threads), settings)
