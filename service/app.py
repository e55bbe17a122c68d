"""The application factory."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route

from service.answering.predictor import Predictor
from service.answering.workers import Workers
from service.commas import split
from service.dataplane import DataPlane
from service.http import docs_page, health, problems, routes, tracing, web
from service.http.guard import GuardMiddleware, Limits
from service.http.keys import ApiKeys
from service.http.middleware import HeadersMiddleware, RequestIdMiddleware
from service.http.observation import ObservationMiddleware
from service.http.openapi import DocumentedAPI, operation_id
from service.lifecycle.loading import load_predictor
from service.lifecycle.opening import runtime
from service.lifecycle.reload import Reloader, locators, models_of
from service.metrics import Metrics
from service.processes import shares
from service.processes.shares import Share
from service.processes.siblings import Siblings
from service.settings import Settings

API_VERSION = "1.0.0"


def create_app(settings: Settings, predictor: Predictor | None = None, share: Share | None = None) -> FastAPI:
    """Build the service, or one process's `share` of it. Models load when it starts, or `predictor` is used.

    Starting raises InvalidBundle where a model cannot be served. Raises CannotTrace where traces are
    asked for, and the packages are missing or their variables do not fit. The workers of a given predictor
    start at once and raise TooFewThreads: of what fails while it starts uvicorn tells the traceback.
    """
    telemetry, tracer = tracing.telemetry(settings.tracing)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if predictor is None:
            _start_workers(app, load_predictor(settings, runtime(settings, app.state.share)))
        async with _running(app):
            yield
        if tracer is not None:
            await tracing.close(tracer)

    app = DocumentedAPI(
        title="Image classifier",
        summary="Photos in, typed answers out.",
        version=API_VERSION,
        lifespan=lifespan,
        docs_url=None,
        openapi_url="/openapi.json" if settings.docs else None,
        redoc_url=None,
        # A redirect would name the host that the client sent, and lead an upload from https to http.
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        telemetry=telemetry,
    )
    app.state.settings = settings
    app.state.share = share or Share()
    app.state.metrics = Metrics()
    app.state.siblings = Siblings(app.state.share, app.state.metrics.registry)
    app.state.stopping = False
    app.state.metrics.expect(
        (method, route.path)
        for route in routes.router.routes
        if isinstance(route, Route)
        for method in route.methods or ()
    )
    _add_middleware(app, settings, _add_routes(app, settings))
    problems.install(app)
    if predictor is not None:
        _start_workers(app, predictor)
    return app


def _add_routes(app: FastAPI, settings: Settings) -> list[BaseRoute]:
    """Add the API, behind its keys, and the pages; returns their routes without the keys."""
    keys = split(settings.api_keys.get_secret_value())
    pages = [health.router, web.router, *([docs_page.router] if settings.docs else [])]
    if keys:
        app.include_router(routes.router, dependencies=[Depends(ApiKeys(keys))])
    # As they are: included, each would be made a second time, with the first request, and be looked for twice
    # in every other.
    for router in pages if keys else (routes.router, *pages):
        app.router.routes.extend(router.routes)
    return [route for router in (routes.router, *pages) for route in router.routes]


def _start_workers(app: FastAPI, predictor: Predictor) -> None:
    settings: Settings = app.state.settings
    metrics: Metrics = app.state.metrics
    share: Share = app.state.share
    count = shares.workers(settings, share.processes)
    workers = Workers(predictor, count, settings.waiting or count, metrics.waited, share)
    metrics.watch(predictor.models, workers)
    app.state.predictor = predictor
    app.state.dataplane = DataPlane(predictor, workers, metrics)


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    state.started = time.monotonic()
    async with (
        _up_to_date(state.settings, state.predictor, state.metrics, state.share),
        state.siblings.told(),
    ):
        yield
    state.dataplane.workers.close()


@asynccontextmanager
async def _up_to_date(
    settings: Settings, predictor: Predictor, metrics: Metrics, share: Share
) -> AsyncIterator[None]:
    """Look for new models meanwhile."""
    if not settings.reload_seconds:
        yield
        return
    sessions = runtime(settings, share)
    kinds = (  # the locator first: a model that comes together with it may need it
        locators(predictor, settings.models / settings.locator, sessions),
        models_of(predictor, settings.models, settings.model, sessions),
    )
    reloader = Reloader(predictor.models, kinds, metrics.reloaded)
    if share.again:  # it has the models of the service's start, where others may have newer ones by now
        for _ in range(2):
            await asyncio.to_thread(reloader.look)
    watcher = asyncio.create_task(reloader.watch(settings.reload_seconds))
    yield
    watcher.cancel()
    with suppress(asyncio.CancelledError):
        await watcher


def _add_middleware(app: FastAPI, settings: Settings, known: Sequence[BaseRoute]) -> None:
    # The last one added sees a request first.
    limits = Limits(
        body_bytes=settings.max_body_bytes,
        buffered_bytes=settings.max_buffered_bytes,
        body_seconds=settings.body_seconds,
        deadline_seconds=settings.deadline_seconds,
    )
    app.add_middleware(GuardMiddleware, limits=limits, buffered=app.state.share.buffered)
    app.add_middleware(ObservationMiddleware, metrics=app.state.metrics, routes=known)
    # Outside of what answers the unexpected: a page of an allowed origin has to be able to read that, too.
    origins = split(settings.cors_origins)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=[
                "X-API-Key",
                "Authorization",
                "Content-Type",
                "X-Request-ID",
                "Traceparent",
                "Tracestate",
            ],
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    app.add_middleware(HeadersMiddleware, stopping=lambda: bool(app.state.stopping))
    app.add_middleware(RequestIdMiddleware)
