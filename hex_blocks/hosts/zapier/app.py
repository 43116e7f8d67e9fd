"""The definition of the app as data, in one language: connection, actions, searches and triggers."""

from __future__ import annotations

from typing import Any

from hex_blocks.hosts.exports import ExportRequest
from hex_blocks.hosts.javascript.forms import API_KEY_HELP, BASE_URL_HELP, REGION_HELP, REGIONS
from hex_blocks.hosts.zapier.fields import (
    MORE,
    MORE_LABEL,
    Field,
    choices,
    dictionaries,
    form_of,
    outputs_of,
    picker,
    sample_of,
    with_id,
)
from hex_blocks.hosts.zapier.operations import CREATE, DOCUMENT, OR_CREATE, SEARCH, Operation, operations, titled
from hex_blocks.i18n.texts import Phrase, phrase, text
from hex_blocks.tools.registry import Registry

RUN_FINISHED, RUN_FINISHED_INSTANT, NEW_PROJECT = "run_finished", "run_finished_instant", "new_project"
WATCH, RUNS, PROJECTS = "hex_watch_runs", "hex_get_project_runs", "hex_list_projects"
LISTS = ("projects", "collections", "groups", "users", "connections", "threads", "runs", "charts")
# The fields of a run in an event of the service.
EVENT_FIELDS = ("projectId", "runId", "status", "startTime", "endTime", "elapsedTime", "runUrl")
FIND_OR_CREATE = phrase("Finds it by its name, or creates it.")
# The sentences in the app's runtime, which are translated too.
RUNTIME_SENTENCES = (
    phrase("The instant trigger needs the address and the key of a hex-blocks service in the connection."),
    phrase("The service refused it."),
    phrase("The address of the service must begin with https://."),
    phrase("Workspace token"),
    phrase("Choose the project first."),
)


def app_data(request: ExportRequest) -> dict[str, Any]:
    """Return the definition of the app for an export."""
    language = request.language
    shown = operations(request.tools)
    searches = {each.key for each in shown if each.kind == SEARCH}
    creates = {each.key for each in shown if each.kind == CREATE}
    return {
        "language": language,
        "authentication": _authentication(request.registry, language),
        CREATE: {each.key: _operation(each, searches, request) for each in shown if each.kind == CREATE},
        SEARCH: {each.key: _operation(each, searches, request) for each in shown if each.kind == SEARCH},
        "searchOrCreates": {
            key: {
                "key": key,
                "display": _display(label, FIND_OR_CREATE, language),
                "search": key,
                "create": create,
            }
            for key, (create, label) in OR_CREATE.items()
            if key in searches and create in creates
        },
        "triggers": _triggers(request.registry, searches, language),
        "lists": list(LISTS),
    }


def _operation(operation: Operation, searches: set[str], request: ExportRequest) -> dict[str, Any]:
    language = request.language
    fields = form_of(operation, searches, language)
    made = {
        "tool": operation.tool.id,
        "noun": operation.noun(request.registry.groups, language),
        "label": operation.label(language),
        "description": operation.description(language),
        "fields": fields,
        "groups": [{"key": MORE, "label": MORE_LABEL.said(language)}]
        if any("group" in each for each in fields)
        else [],
        "dictionaries": dictionaries(operation),
        "outputs": outputs_of(operation),
        "sample": sample_of(operation),
    }
    if operation.kind == SEARCH:
        made["how"] = operation.search.how
        if operation.search.how != DOCUMENT:
            made["entries"] = next(iter(operation.entries))
        if operation.search.by:
            made["by"] = operation.search.by
    return made


def _display(label: Phrase, description: Phrase, language: str) -> dict[str, str]:
    return {"label": titled(label.said(language), language), "description": description.said(language)}


def _authentication(registry: Registry, language: str) -> list[Field]:
    def field(key: str, label: Phrase, about: Phrase, **more: Any) -> Field:
        return {"key": key, "label": titled(label.said(language), language), "helpText": about.said(language), **more}

    return [
        field(
            "apiKey",
            phrase("API token"),
            API_KEY_HELP,
            type="password",
            required=True,
        ),
        field(
            "region",
            phrase("Region"),
            REGION_HELP,
            choices={key: label.said(language) for key, label in REGIONS.items()},
            default="app",
            required=True,
            isNoSecret=True,
        ),
        field(
            "baseUrl",
            phrase("Base URL"),
            BASE_URL_HELP,
            placeholder="https://acme.hex.tech",
            required=False,
            isNoSecret=True,
        ),
        field(
            "serviceUrl",
            phrase("Service address"),
            phrase("Only for the instant trigger: where your hex-blocks service is. Leave it blank if you have none."),
            placeholder="https://hex-blocks.example.com",
            required=False,
            isNoSecret=True,
        ),
        field(
            "serviceKey",
            phrase("Service key"),
            phrase("The secret of that service, or a Hex token that it is to use. It is sent to the service only."),
            type="password",
            required=False,
        ),
    ]


def _triggers(registry: Registry, searches: set[str], language: str) -> dict[str, Any]:
    watch, projects = registry[WATCH], registry[PROJECTS]
    statuses = watch.spec.inputs["statuses"]
    ends = (statuses.items.enum if statuses.items else None) or ()
    fields = [
        {
            "key": "projectIds",
            "label": titled(phrase("Projects").said(language), language),
            "helpText": text(watch.spec.inputs["projectIds"].description, language),
            "required": True,
            "list": True,
            **picker("projects", searches),
        },
        {
            "key": "statuses",
            "label": titled(phrase("Statuses to report").said(language), language),
            "helpText": text(statuses.description, language),
            "required": False,
            "list": True,
            "choices": choices(ends, language),
        },
    ]
    run = with_id(watch.raw["examples"][0]["outputs"]["runs"][0])
    run = {"id": run["runId"], **{name: value for name, value in run.items() if name != "id"}}
    runs, listed = watch.spec.outputs["runs"].items, projects.spec.outputs["projects"].items
    assert runs is not None  # noqa: S101
    assert listed is not None  # noqa: S101
    noun = titled(phrase("Run").said(language), language)
    finished = phrase("Triggers when a run of a project has ended, whoever started it.")
    instant = phrase("Triggers as soon as a run of a project has ended. Needs a hex-blocks service in the connection.")
    return {
        RUN_FINISHED: {
            "noun": noun,
            **_display(phrase("Run finished"), finished, language),
            "fields": fields,
            "outputs": _plain_outputs(runs.fields or {}),
            "sample": run,
        },
        RUN_FINISHED_INSTANT: {
            "noun": noun,
            **_display(phrase("Run finished (instant)"), instant, language),
            "fields": fields,
            "outputs": _plain_outputs({name: (runs.fields or {})[name] for name in EVENT_FIELDS}),
            "sample": {"id": run["id"], **{name: run[name] for name in EVENT_FIELDS}},
            "of": list(EVENT_FIELDS),
        },
        NEW_PROJECT: {
            "noun": titled(phrase("Project").said(language), language),
            **_display(phrase("New project"), phrase("Triggers when a project has been created."), language),
            "fields": [],
            "outputs": _plain_outputs(listed.fields or {}),
            "sample": projects.raw["examples"][0]["outputs"]["projects"][0],
        },
    }


def _plain_outputs(fields: dict[str, Any]) -> list[Field]:
    """Return the output fields of a list's entry that are not nested."""
    kinds = {"integer": "integer", "number": "number", "boolean": "boolean"}
    return [
        {"key": name, **({"type": kind} if (kind := "datetime" if each.format else kinds.get(each.type)) else {})}
        for name, each in fields.items()
        if each.type not in ("object", "array")
    ]


def tools_used(request: ExportRequest) -> list[str]:
    """Return the IDs of the tools that the app calls."""
    return [each.tool.id for each in operations(request.tools)]
