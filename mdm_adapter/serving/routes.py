"""The service over HTTP: which path does what, on starlette. The table of routes is the OpenAPI document's as well."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mdm_adapter.motion import Motion
from mdm_adapter.serving.door import Door
from mdm_adapter.serving.json_body import MAX_BYTES, read_object
from mdm_adapter.serving.openapi import Operation, document, page
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.serving.results import file_of, formats
from mdm_adapter.serving.service import Service

logger = logging.getLogger("motioncollage.serve")

BODY_SECONDS = 20.0
# Most clients read an answer only after they have sent everything: of a long body so many times what is allowed is taken
# and thrown away.
DRAINED = 16
MAX_BUSY = 16  # requests that wait for a thread; more are told to come again
QUERY: tuple[dict[str, Any], ...] = (
    {"name": "format", "in": "query", "description": "Which writer; glb by default.",
     "schema": {"type": "string", "enum": list(formats()), "default": "glb"}},
    {"name": "sample", "in": "query", "description": "Which of the job's motions, from 0.",
     "schema": {"type": "integer", "minimum": 0, "default": 0}},
    {"name": "fps", "in": "query", "description": "Frames a second; the motion's own by default.",
     "schema": {"type": "number", "minimum": 1, "maximum": 240}},
)  # fmt: skip
SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


class Api:
    """The handlers. What takes time is done off the event loop, so that progress and cancelling always get through."""

    def __init__(self, service: Service) -> None:
        self.service = service
        # One of each: parsing and drawing use all cores as it is, and memory stays bounded.
        self.reading, self.writing = CapacityLimiter(1), CapacityLimiter(1)

    async def about(self, request: Request) -> Response:
        return HTMLResponse(page(OPERATIONS, f"http://{request.headers['host']}"))

    async def openapi(self, request: Request) -> Response:
        return JSONResponse(document(OPERATIONS))

    async def health(self, request: Request) -> Response:
        return JSONResponse(self.service.health())

    async def models(self, request: Request) -> Response:
        return JSONResponse(await aside(self.reading, self.service.models))

    async def actions(self, request: Request) -> Response:
        return JSONResponse(self.service.actions())

    async def split(self, request: Request) -> Response:
        body = await read_body(request)
        return JSONResponse(await aside(self.reading, lambda: self.service.split(body)))

    async def submit(self, request: Request) -> Response:
        body = await read_body(request)
        told = await aside(self.reading, lambda: self.service.submit(body))
        logger.info("job %s: %g s, %d samples", told["id"], told["seconds"], told["samples"])
        return JSONResponse(told, 202, {"Location": f"/v1/jobs/{told['id']}"})

    async def status(self, request: Request) -> Response:
        return JSONResponse(self.service.jobs.status(request.path_params["id"]))

    async def cancel(self, request: Request) -> Response:
        return JSONResponse(self.service.jobs.cancel(request.path_params["id"]))

    async def result(self, request: Request) -> Response:
        motion = self.service.jobs.motion(request.path_params["id"])
        return await self.file(request, motion)

    async def file(self, request: Request, motion: Motion) -> Response:
        """A motion as the file that the query of a request asks for."""
        asked = request.query_params
        for name in asked:
            if name not in ("format", "sample", "fps"):
                raise Refusal(f"{name[:40]!r} is unknown; choose from format, sample, fps")
        format = asked.get("format", "glb")
        sample, fps = _number(asked.get("sample"), "sample", 0, 999), _number(asked.get("fps"), "fps", 1, 240)
        if sample is not None and sample != int(sample):
            raise Refusal(f"sample is {sample:g}; they count from 0")
        make = lambda: file_of(motion, format, sample=int(sample or 0), fps=fps)
        name, kind, content = await aside(self.writing, make)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": kind}
        return Response(content, headers=headers)


async def aside(limiter: CapacityLimiter, work: Callable[[], Any]) -> Any:
    """Work in a thread, as many at once as the limiter allows."""
    if limiter.statistics().tasks_waiting >= MAX_BUSY:
        raise Refusal("too many requests at once; try again later", status=429)
    return await anyio.to_thread.run_sync(work, limiter=limiter)


async def read_body(request: Request, most: int = MAX_BYTES) -> dict[str, Any]:
    """The JSON object of a request's body of so many bytes at most.

    Raises:
        Refusal: no JSON by its type (415), too long (413), too slow (408), or at fault (400).
    """
    return read_object(await read_bytes(request, "application/json", most), most)


async def read_bytes(request: Request, kind: str, most: int) -> bytes:
    """A request's body of a type that pages of other sites cannot send; of a longer one, a byte more than `most`.

    Raises:
        Refusal: another type (415), far too long (413), or too slow (408).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise Refusal(f"send the body as Content-Type: {kind}", status=415)
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 20 or int(length) > DRAINED * most:
        raise Refusal(f"the body has more than {most >> 20} MB", status=413)
    try:
        return await asyncio.wait_for(_bounded(request, most), BODY_SECONDS)
    except asyncio.TimeoutError as error:
        raise Refusal(f"the body did not arrive within {BODY_SECONDS:g} s", status=408) from error


async def _bounded(request: Request, most: int) -> bytes:
    body, length = bytearray(), 0
    async for chunk in request.stream():
        length += len(chunk)
        if len(body) <= most:  # more is refused
            body += chunk[: most + 1 - len(body)]
        if length > DRAINED * most:
            break
    return bytes(body)


def _number(text: str | None, name: str, low: float, high: float) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise Refusal(f"{name} is {text[:40]!r}; give a number from {low:g} to {high:g}")
    return value


_ROUTES: tuple[tuple[Operation, Callable[[Api, Request], Awaitable[Response]]], ...] = (
    (Operation("GET", "/", "This page."), Api.about),
    (Operation("GET", "/v1/openapi.json", "The server's description for programs."), Api.openapi),
    (Operation("GET", "/v1/health", "Whether it is there, and what it is.", "Health"), Api.health),
    (Operation("GET", "/v1/models", "The models that are installed.", "Models"), Api.models),
    (Operation("GET", "/v1/actions", "The actions that the model knows.", "Actions"), Api.actions),
    (Operation("POST", "/v1/split", "The actions of a prompt.", "Split", body="SplitRequest", errors=(429,)), Api.split),
    (Operation("POST", "/v1/jobs", "Ask for motion; it is planned and queued.", "Job", 202, "JobRequest", errors=(429,)),
     Api.submit),
    (Operation("GET", "/v1/jobs/{id}", "How far a job is.", "Job", errors=(404,)), Api.status),
    (Operation("DELETE", "/v1/jobs/{id}", "Cancel a job, or drop its result.", "Job", errors=(404,)), Api.cancel),
    (Operation("GET", "/v1/jobs/{id}/result", "The motion as a file.", query=QUERY, errors=(400, 404, 409, 429)),
     Api.result),
)  # fmt: skip
OPERATIONS = tuple(operation for operation, _ in _ROUTES)


Handler = Callable[[Request], Awaitable[Response]]


def application(
    api: Api, door: Door, more: Sequence[tuple[str, str, Handler]] = (), page: Handler | None = None
) -> ASGIApp:
    """The service behind its door.

    Args:
        more: routes of others that share it, as method, path and handler.
        page: stands at / instead of the description.
    """
    table: list[tuple[str, str, Handler]] = [
        (o.method, o.path, partial(handler, api)) for o, handler in _ROUTES if page is None or o.path != "/"
    ]
    table += [*more, *([("GET", "/", page)] if page else [])]

    def endpoint(handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except ValueError as error:
                return refused(error)

        return answer

    routes = [Route(path, endpoint(handler), methods=[method]) for method, path, handler in table]
    known = ", ".join(sorted({path for _, path, _ in table}))

    async def no_route(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        line = f"{request.method} is not for this path" if status == 405 else f"there is only {known}"
        return JSONResponse({"error": line}, status, getattr(error, "headers", None))

    return Guarded(Starlette(routes=routes, exception_handlers={HTTPException: no_route}), door)


def refused(error: ValueError) -> Response:
    """One line, and the connection of a request whose body nobody read is closed."""
    status = error.status if isinstance(error, Refusal) else 400
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status in (401, 403, 408, 413, 415):
        headers["Connection"] = "close"
    return JSONResponse({"error": " ".join(str(error).split())}, status, headers)


class Guarded:
    """An application behind a door; what goes wrong inside is a line in the log and an error without a traceback."""

    def __init__(self, inside: ASGIApp, door: Door) -> None:
        self.inside, self.door = inside, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = message.get("headers", [])
                there = {name.lower() for name, _ in own}
                safe = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]
                extra = [(name, value) for name, value in safe if name not in there]
                message = {**message, "headers": [*own, *extra]}
            await send(message)

        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            self.door.check(scope["path"], headers)
        except Refusal as error:
            await refused(error)(scope, receive, answer)
            return
        try:
            await self.inside(scope, receive, answer)
        except Exception:
            logger.exception("%s %s failed", scope["method"], scope["path"][:100])
            if not started:
                line = {"error": "the server failed; its log says more"}
                await JSONResponse(line, 500)(scope, receive, answer)
