"""The page and its few calls, for this machine only."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from training.labelling.pictures import UnshowablePhoto
from training.labelling.workspace import UnknownPhoto, Workspace

WEB: Final = Path(__file__).with_name("web")
CLIENT: Final = Path(__file__).parents[2] / "service" / "web"
ASSETS: Final = {
    "/": WEB / "index.html",
    "/style.css": WEB / "style.css",
    "/app.js": WEB / "app.js",
    "/view.js": WEB / "view.js",
    "/dom.js": CLIENT / "dom.js",
    "/pico.css": CLIENT / "vendor" / "pico.css",
}
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def create_app(workspace: Workspace) -> Starlette:
    """The application for one rater's work."""

    async def asset(request: Request) -> Response:
        return FileResponse(ASSETS[request.url.path])

    async def state(request: Request) -> Response:
        return await _state(workspace, request.query_params.get("tab", ""))

    async def answer(request: Request) -> Response:
        tab, file, body = await _about(request, workspace)
        action, label = str(body.get("action", "")), str(body.get("label", ""))
        await run_in_threadpool(workspace.answer, tab, file, action, label)
        return await _state(workspace, tab)

    async def undo(request: Request) -> Response:
        tab, file, _ = await _about(request, workspace)
        await run_in_threadpool(workspace.undo, tab, file)
        return await _state(workspace, tab)

    async def photo(request: Request) -> Response:
        file = request.path_params["file"]
        return Response(await run_in_threadpool(workspace.picture, file), media_type="image/jpeg")

    async def unwritten(_: Request, error: Exception) -> Response:
        reason = error.strerror if isinstance(error, OSError) else None
        return JSONResponse({"detail": f"{workspace.journal.path}: {reason or error}"}, status_code=507)

    return Starlette(
        routes=[
            *(Route(path, asset) for path in ASSETS),
            Route("/api/state", state),
            Route("/api/answer", answer, methods=["POST"]),
            Route("/api/undo", undo, methods=["POST"]),
            Route("/photos/{file:path}", photo),
        ],
        middleware=[
            # Another site cannot reach this server under its own name (DNS rebinding).
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(BaseHTTPMiddleware, dispatch=_secured),
        ],
        exception_handlers={UnknownPhoto: _refused, UnshowablePhoto: _refused, OSError: unwritten},
    )


async def _secured(request: Request, respond: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await respond(request)
    response.headers.update(HEADERS)
    return response


async def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, status_code=422)


async def _about(request: Request, workspace: Workspace) -> tuple[str, str, dict[str, Any]]:
    """The tab and the photo that a call is about, and the rest of it.

    A page may be older than this program: it names the photo that it shows, and the folder, so that no answer
    is ever taken for one about another photo. Raises UnknownPhoto.
    """
    body = await _body(request)
    folder = str(body.get("folder", ""))
    if folder != str(workspace.folder):
        raise UnknownPhoto(f"Expected a photo of {workspace.folder}. Received: one of {folder!r}")
    return str(body.get("tab", "")), str(body.get("file", "")), body


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a call; a form of another site cannot send this type unasked."""
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise UnknownPhoto("Expected JSON.")
    try:
        body = await request.json()
    except ValueError:
        raise UnknownPhoto("Expected JSON.") from None
    if not isinstance(body, dict):
        raise UnknownPhoto("Expected a JSON object.")
    return body


async def _state(workspace: Workspace, tab: str) -> Response:
    return JSONResponse(await run_in_threadpool(workspace.state, tab))
