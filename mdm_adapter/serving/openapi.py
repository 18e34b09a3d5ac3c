"""What the server says of itself: an OpenAPI 3.1 document, and the same as a page that fetches nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from typing import Any

from mdm_adapter.serving.fields import object_schema
from mdm_adapter.serving.jobs import STATES
from mdm_adapter.serving.requests import ACTION_FIELDS, JOB_FIELDS, PROMPT, SETTING_FIELDS

_TEXT, _NUMBER, _WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
_LINES = {"type": "array", "items": _TEXT}
_MAYBE_TEXT, _MAYBE_NUMBER = {"type": ["string", "null"]}, {"type": ["number", "null"]}


def _answer(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


def _list(**members: Any) -> dict[str, Any]:
    return {"type": "array", "items": _answer(**members)}


SCHEMAS: dict[str, dict[str, Any]] = {
    "Health": _answer(
        version=_TEXT, model=_TEXT, device=_TEXT, jobs=_answer(waiting=_WHOLE, running=_WHOLE),
    ),
    "Models": _answer(
        models=_list(
            name=_TEXT, served={"type": "boolean"}, facts={"type": "object", "additionalProperties": _TEXT}
        )
    ),
    "Actions": _answer(
        actions=_list(
            action=_TEXT, example=_TEXT, seconds=_NUMBER,
            happens={**_MAYBE_NUMBER, "description": "Share of takes in which it happens; null: not measured."},
        )
    ),
    "SplitRequest": object_schema((PROMPT,), required=("prompt",)),
    "Split": _answer(
        actions=_list(
            text=_TEXT, seconds=_MAYBE_NUMBER, start=_MAYBE_NUMBER, transition=_MAYBE_NUMBER, guidance=_MAYBE_NUMBER,
            usual_seconds={**_MAYBE_NUMBER, "description": "How long it lasts where nobody says so; null: a gap."},
        ),
        notes={**_LINES, "description": "What of the prompt could have been read otherwise."},
        warnings={**_LINES, "description": "Actions that the model does not know or hardly makes."},
    ),
    "JobRequest": object_schema(JOB_FIELDS),
    "Job": _answer(
        id=_TEXT, state={"type": "string", "enum": list(STATES)},
        step={**_WHOLE, "description": "Sampling steps that are done."}, steps=_WHOLE,
        seconds_left={**_MAYBE_NUMBER, "description": "As the steps before went; null unless running."},
        ahead={**_WHOLE, "description": "Jobs that are made before this one."},
        error={**_MAYBE_TEXT, "description": "Why it failed, one line."},
        kind=_TEXT, samples=_WHOLE, seconds=_NUMBER, fps=_NUMBER,
        segments=_list(text=_TEXT, start=_NUMBER, end=_NUMBER),
        notes=_LINES, warnings=_LINES,
    ),
    "Error": _answer(error=_TEXT),
}  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """One route, as the document tells of it.

    Attributes:
        method: GET, POST or DELETE.
        path: with {id} where a job's id goes.
        summary: one sentence.
        answer: name of the schema of what comes back; empty for a file or a page.
        status: of an answer that is no error.
        body: name of the schema of what is sent; empty for nothing.
        query: parameters, as OpenAPI has them.
        errors: statuses that it may answer with besides those that all may.
    """

    method: str
    path: str
    summary: str
    answer: str = ""
    status: int = 200
    body: str = ""
    query: tuple[Mapping[str, Any], ...] = ()
    errors: tuple[int, ...] = ()


ERRORS = {
    400: "The request is at fault.", 401: "The token is missing or wrong.",
    403: "The Host is not the server's, or the request comes from a page of another site.",
    404: "No such job.", 408: "The body did not arrive in time.", 409: "The job is not done.",
    413: "The body is too long.", 415: "The body is not application/json.", 429: "Too many jobs are waiting.",
    500: "The server failed; its log says more.",
}  # fmt: skip
ALWAYS = (401, 403, 500)
WITH_BODY = (400, 408, 413, 415)


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The OpenAPI document of some routes."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "motioncollage",
            "version": version("motioncollage"),
            "description": "Long human motion from text. Jobs are made one after another; the latest are kept.",
        },
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(operation: Operation) -> dict[str, Any]:
    parameters: list[Mapping[str, Any]] = list(operation.query)
    if "{id}" in operation.path:
        parameters.insert(0, {"name": "id", "in": "path", "required": True, "schema": _TEXT})
    content = (
        {"application/json": {"schema": _reference(operation.answer)}}
        if operation.answer
        else {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    )
    good = {str(operation.status): {"description": operation.summary, "content": content}}
    statuses = sorted({*ALWAYS, *operation.errors, *(WITH_BODY if operation.body else ())})
    bad = {
        str(status): {
            "description": ERRORS[status], "content": {"application/json": {"schema": _reference("Error")}}
        }
        for status in statuses
    }  # fmt: skip
    told: dict[str, Any] = {"summary": operation.summary, "responses": {**good, **bad}}
    if parameters:
        told["parameters"] = parameters
    if operation.body:
        schema = {"application/json": {"schema": _reference(operation.body)}}
        told["requestBody"] = {"required": True, "content": schema}
    return told


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; } pre { padding: .8rem; overflow-x: auto; }
pre, tr:nth-child(even) { background: #8882; } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
h2 { margin-top: 2rem; } :root { color-scheme: light dark; }
"""
EXAMPLE = """curl -s ADDRESS/v1/jobs -H 'Content-Type: application/json' \\
     -d '{"prompt": "a person walks, then waves", "seed": 1}'
curl -s ADDRESS/v1/jobs/ID
curl -s 'ADDRESS/v1/jobs/ID/result?format=glb&fps=30' -o walk.glb"""


def page(operations: Sequence[Operation], address: str) -> str:
    """The document for people, as HTML without a script."""
    tables = {
        "POST /v1/jobs": JOB_FIELDS, "actions of a job": ACTION_FIELDS, "settings of a job": SETTING_FIELDS,
    }  # fmt: skip
    parts = [f"<h1>motioncollage {escape(version('motioncollage'))}</h1>"]
    parts.append(f"<pre>{escape(EXAMPLE.replace('ADDRESS', address))}</pre>")
    parts.append("<p>With a token: <code>-H 'Authorization: Bearer TOKEN'</code>. Errors are")
    parts.append('<code>{"error": "one line"}</code>. The same for programs: ')
    parts.append('<a href="/v1/openapi.json">openapi.json</a>.</p><table>')
    for operation in operations:
        extra = "".join(
            f"<br><code>{escape(p['name'])}</code>: {escape(p['description'])}" for p in operation.query
        )
        parts.append(
            f"<tr><th><code>{operation.method} {escape(operation.path)}</code><td>{escape(operation.summary)}{extra}"
        )
    parts.append("</table>")
    for title, fields in tables.items():
        parts.append(f"<h2>{escape(title)}</h2><table>")
        for field in fields:
            usual = "" if field.default in (None, "") else f" ({json.dumps(field.default)})"
            parts.append(
                f"<tr><th><code>{escape(field.name)}</code><td>{field.kind}{escape(usual)}<td>{escape(field.help)}"
            )
        parts.append("</table>")
    head = f'<meta charset="utf-8"><title>motioncollage</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'
