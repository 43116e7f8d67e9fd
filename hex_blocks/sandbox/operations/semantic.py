"""Semantic projects: status labels, and the upload of a zip file."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from typing import Any

from hex_blocks.sandbox.error_replies import Refusal
from hex_blocks.sandbox.model import SemanticProject
from hex_blocks.sandbox.multipart import NotAFormError, read_form
from hex_blocks.sandbox.operation_table import operation
from hex_blocks.sandbox.operations.statuses import Change, apply_statuses, updates_body
from hex_blocks.sandbox.request import Json, OperationCall

FLAGS = {"verbose": True, "debug": False, "dryRun": False}
MODEL_SUFFIXES = (".yml", ".yaml")


@operation(
    "UpdateSemanticProject",
    "PATCH",
    "/semantic-projects/{semanticProjectId}",
    body=updates_body("DATASET", "VIEW"),
    lists_faults=True,
    role="MANAGER",
)
def update_semantic_project(call: OperationCall) -> Json:
    """Set the status labels of datasets and views: all of them, or none."""
    project = _project(call)

    def find(kind: str, name: str) -> tuple[str | None, str]:
        return (name, "") if name in project.objects[kind] else (None, "not_found")

    changes = [Change(**update) for update in call.body["updates"]]
    keys = {"VIEW": "views", "DATASET": "datasets"}
    return {"updated": apply_statuses(call.world, project.objects, changes, find, keys)}


@operation(
    "IngestSemanticProject",
    "POST",
    "/semantic-projects/{semanticProjectId}/ingest",
    success=201,
    limits=("ingest",),
    role="MANAGER",
)
def ingest_semantic_project(call: OperationCall) -> Json:
    """Read a zip file. Each YAML file in it becomes a dataset; with dryRun nothing changes."""
    project = _project(call)
    archive, flags = _upload(call)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            names = sorted(name for name in opened.namelist() if not name.endswith("/"))
    except zipfile.BadZipFile:
        raise _problem("The upload is not a zip file") from None
    models = [name for name in names if name.endswith(MODEL_SUFFIXES)]
    if not models:
        raise _problem("The zip holds no YAML file")
    if not flags["dryRun"]:
        for name in models:
            project.objects["DATASET"].setdefault(PurePosixPath(name).stem, None)
    reply: dict[str, Any] = {"traceId": call.trace_id, "contents": models}
    if flags["verbose"]:
        skipped = {name: "not a YAML file" for name in names if name not in models}
        reply |= {"warnings": [], "skipped": skipped, "problems": []}
    if flags["debug"]:
        reply["debug"] = {"metricflowModelSchemas": {}}
    return reply


def _project(call: OperationCall) -> SemanticProject:
    return call.find(SemanticProject, call.path["semanticProjectId"], "Semantic project")


def _upload(call: OperationCall) -> tuple[bytes, dict[str, bool]]:
    """Return the file of a form and its flags. Hex does not name the field of the file, so any name is accepted."""
    try:
        form = read_form(call.headers.get("Content-Type", ""), call.raw)
    except NotAFormError:
        raise Refusal(415, "Send the zip as a file of a multipart/form-data body") from None
    except ValueError:
        raise _problem("The multipart body cannot be read") from None
    flags = dict(FLAGS)
    for name in flags:
        text = form.fields.get(name, str(flags[name])).lower()
        if text not in ("true", "false"):
            raise call.refusal(f"{name} must be true or false")
        flags[name] = text == "true"
    if not form.files:
        raise _problem("The form holds no file")
    return form.files[0], flags


def _problem(message: str) -> Refusal:
    problem = {
        "severity": "fatal",
        "message": message,
        "display": message,
        "cause_paths": [],
        "impact_paths": [],
    }
    return Refusal(400, message, extra={"problems": [problem]})
