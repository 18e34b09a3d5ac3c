"""The studio over HTTP: its page, projects, motions and what is asked to be made; all else is the server of `serve`."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from mdm_adapter.io.viewer.scene import scene_bytes
from mdm_adapter.motion import Motion, read_motion
from mdm_adapter.serving.door import Door
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.serving.results import formats
from mdm_adapter.serving.routes import Api, Handler, application, aside, read_body, read_bytes
from mdm_adapter.serving.service import Service
from mdm_adapter.studio.assets import POLICY, ROOT, read_assets
from mdm_adapter.studio.making import ask
from mdm_adapter.studio.project import MOST_AT_ONCE, Project, read_document
from mdm_adapter.studio.start import usable_seconds
from mdm_adapter.studio.store import MAX_FILE_BYTES, Store
from mdm_adapter.studio.views import told_plan, told_texts

MAX_MOTION_BYTES = 64 << 20
READ = ("npz", "npy", "bvh", "glb")
BINARY = "application/octet-stream"
_BASE, _PROJECT = "/v1/studio", "/v1/studio/projects/{project}"


def public_paths() -> frozenset[str]:
    """What is sent without a token: the page itself, which holds nothing of anybody's."""
    return frozenset({"/", *(ROOT + name for name in read_assets())})


class Studio:
    """The handlers, on a service and a store; `Api` lends its threads.

    Args:
        first: the project that the page opens where its address names none.
    """

    def __init__(self, service: Service, store: Store, first: str) -> None:
        self.service, self.store, self.first = service, store, first
        self.api = Api(service)
        self.assets = read_assets()
        self.jobs: dict[str, str] = {}  # the latest of each project

    async def page(self, request: Request) -> Response:
        return self._asset("index.html")

    async def asset(self, request: Request) -> Response:
        return self._asset(request.path_params["name"])

    def _asset(self, name: str) -> Response:
        if name not in self.assets:
            raise Refusal("there is no such file", status=404)
        kind, content = self.assets[name]
        return Response(content, headers={"Content-Type": kind, "Content-Security-Policy": POLICY})

    async def about(self, request: Request) -> Response:
        told = {
            "first": self.first,
            "formats": list(formats()),
            "reads": list(READ),
            "most_takes": MOST_AT_ONCE,
        }
        return JSONResponse({**self.service.health(), **told})

    async def projects(self, request: Request) -> Response:
        return JSONResponse({"projects": await self._read(self.store.rows)})

    async def create(self, request: Request) -> Response:
        await read_body(request)
        return JSONResponse({"id": await self._read(self.store.create)}, 201)

    async def open_file(self, request: Request) -> Response:
        body = await read_bytes(request, "application/json", MAX_FILE_BYTES)
        return JSONResponse({"id": await self._read(lambda: self.store.from_file(body))}, 201)

    async def project(self, request: Request) -> Response:
        name = request.path_params["project"]
        return JSONResponse(self._told(name, await self._read(lambda: self.store.read(name))))

    async def save(self, request: Request) -> Response:
        name, body = request.path_params["project"], await read_body(request)
        revision, document = body.get("revision"), body.get("document")
        if not isinstance(revision, int) or not isinstance(document, dict):
            raise Refusal("give revision, a whole number, and document, an object")
        saved = await self._read(lambda: self.store.save(name, revision, read_document(document)))
        return JSONResponse(self._told(name, saved))

    async def file(self, request: Request) -> Response:
        name = request.path_params["project"]
        content = await self._read(lambda: self.store.to_file(name))
        return Response(content, headers={"Content-Type": "application/json"})

    async def state(self, request: Request) -> Response:
        name = request.path_params["project"]
        told = self._told(name, await self._read(lambda: self.store.read(name)))
        return JSONResponse({"revision": told["revision"], "takes": len(told["takes"]), "job": told["job"]})

    async def plan(self, request: Request) -> Response:
        name, body = request.path_params["project"], await read_body(request)
        document, weights = body.get("document"), body.get("weights") is True
        if not isinstance(document, dict):
            raise Refusal("give document, an object")

        def work() -> dict[str, Any]:
            read = read_document(document)
            stored = self.store.read(name)
            return told_plan(Project(read, stored.takes), read, self.service.model, weights=weights)

        return JSONResponse(await self._read(work))

    async def make(self, request: Request) -> Response:
        name, body = request.path_params["project"], await read_body(request)
        told = await self._read(lambda: ask(self.service, self.store, name, body))
        self.jobs[name] = told["id"]
        return JSONResponse(told, 202, {"Location": f"/v1/jobs/{told['id']}"})

    async def preview(self, request: Request) -> Response:
        id = request.path_params["id"]

        def work() -> tuple[int, bytes]:
            step, motion = self.service.jobs.preview(id)
            return step, scene_bytes([("preview", motion)])

        try:
            step, content = await aside(self.api.writing, work)
        except Refusal as refusal:
            if refusal.status != 409:
                raise
            return Response(status_code=204)  # not yet, or no more
        return Response(content, headers={"Content-Type": BINARY, "X-Step": str(step)})

    async def take_in(self, request: Request) -> Response:
        name = request.query_params.get("name", "")
        ending = Path(name).suffix.lower().lstrip(".")
        if ending not in READ:
            raise Refusal(f"{name[:80]!r} is none of {', '.join(READ)}; convert it first")
        body = await read_bytes(request, BINARY, MAX_MOTION_BYTES)
        if len(body) > MAX_MOTION_BYTES:
            raise Refusal(f"the file has more than {MAX_MOTION_BYTES >> 20} MB", status=413)
        motion = await self._read(lambda: read_foreign(body, ending))
        kept = await self._read(lambda: self.store.keep(motion))
        return JSONResponse({"motion": kept, "seconds": usable_seconds(motion)}, 201)

    async def scene(self, request: Request) -> Response:
        name = request.path_params["motion"]
        make = lambda: scene_bytes([("take", self.store.motion(name))])
        return Response(await self._read(make), headers={"Content-Type": BINARY})

    async def motion_file(self, request: Request) -> Response:
        name = request.path_params["motion"]
        return await self.api.file(request, await self._read(lambda: self.store.motion(name)))

    async def texts(self, request: Request) -> Response:
        body = await read_body(request)
        return JSONResponse(await self._read(lambda: told_texts(body, self.service.model)))

    async def _read(self, work: Callable[[], Any]) -> Any:
        return await aside(self.api.reading, work)

    def _told(self, name: str, project: Project) -> dict[str, Any]:
        """A project with the job that is being made for it."""
        job = self.jobs.get(name)
        return {"id": name, **project.to_json(), "job": job if job and self._waits(job) else None}

    def _waits(self, job: str) -> bool:
        try:
            return self.service.jobs.status(job)["state"] in ("waiting", "running")
        except Refusal:
            return False

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of everything but the page."""
        return [
            ("GET", ROOT + "{name}", self.asset),
            ("GET", f"{_BASE}/about", self.about),
            ("GET", f"{_BASE}/projects", self.projects),
            ("POST", f"{_BASE}/projects", self.create),
            ("POST", f"{_BASE}/files", self.open_file),
            ("GET", _PROJECT, self.project),
            ("PUT", _PROJECT, self.save),
            ("GET", f"{_PROJECT}/file", self.file),
            ("GET", f"{_PROJECT}/state", self.state),
            ("POST", f"{_PROJECT}/plan", self.plan),
            ("POST", f"{_PROJECT}/jobs", self.make),
            ("GET", f"{_BASE}/jobs/{{id}}/scene", self.preview),
            ("POST", f"{_BASE}/motions", self.take_in),
            ("GET", f"{_BASE}/motions/{{motion}}/scene", self.scene),
            ("GET", f"{_BASE}/motions/{{motion}}/file", self.motion_file),
            ("POST", f"{_BASE}/texts", self.texts),
        ]


def read_foreign(body: bytes, ending: str) -> Motion:
    """The first motion of a file that somebody sent.

    Raises:
        ValueError: one line: it is damaged, or nothing that is understood.
    """
    with tempfile.TemporaryDirectory(prefix="motioncollage-") as folder:
        path = Path(folder) / f"motion.{ending}"
        path.write_bytes(body)
        try:
            return read_motion(path).sample(0)
        except (ValueError, OSError) as error:
            raise Refusal(str(error).replace(f"{folder}/", "")) from error


def studio_application(studio: Studio, door: Door) -> ASGIApp:
    """The studio and the server behind one door."""
    return application(studio.api, door, studio.routes(), studio.page)
