"""The examples of people who use Hex's API run here as they are written."""

from __future__ import annotations

import json

import pytest

from hex_blocks.sandbox import TOKENS, Sandbox

PROJECT_ID = "5a8591dd-4039-49df-9202-96385ba3eff8"
REPORT = "01234567-89ab-cdef-0123-456789abcdef"


def test_a_project_is_run_at_its_old_path(ada):
    reply = ada("POST", f"/project/{PROJECT_ID}/run")

    assert reply.status_code == 201
    assert reply.json()["runUrl"]


def test_a_project_is_run_with_inputs_at_its_old_path(sandbox, ada):
    inputs = {"inputParams": {"user_name": "j_doe", "team": "finance", "id": 1234567890}}

    reply = ada("POST", f"/project/{PROJECT_ID}/run", json=inputs)

    assert reply.status_code == 201
    assert sandbox.world.runs(PROJECT_ID)[0].inputs == inputs["inputParams"]


@pytest.mark.parametrize("word", ["true", "True", "TRUE"])
@pytest.mark.parametrize("path", ["/project/{}/run", "/projects/{}/runs"])
def test_a_boolean_may_be_quoted(path, word, sandbox, ada):
    reply = ada("POST", path.format(PROJECT_ID), json={"updateCache": word})

    assert reply.status_code == 201
    assert sandbox.world.runs(PROJECT_ID)[0].updates_published_results


def test_a_quoted_false_is_false(sandbox, ada):
    ada("POST", f"/projects/{PROJECT_ID}/runs", json={"updatePublishedResults": "False"})

    assert not sandbox.world.runs(PROJECT_ID)[0].updates_published_results


def test_a_number_may_be_quoted(ada):
    path = f"/embedding/createPresignedUrl/{PROJECT_ID}"

    fits, too_much = (ada("POST", path, json={"expiresIn": given}).status_code for given in ("2000", "300001"))

    assert (fits, too_much) == (200, 422)


def test_what_a_notebook_is_given_stays_as_it_was_sent(ada):
    reply = ada("POST", f"/projects/{PROJECT_ID}/runs", json={"inputParams": {"id": "1"}})

    assert reply.status_code == 422
    assert reply.json()["invalid"][0]["paramValue"] == '"1"'


def test_a_strict_sandbox_takes_quoted_booleans_at_old_paths_only(clock, callers):
    body = {"updateCache": "true"}
    with Sandbox(clock=clock, strict=True) as sandbox:
        ada = callers(TOKENS.personal, sandbox)
        old = ada("POST", f"/project/{PROJECT_ID}/run", json=body)
        new = ada("POST", f"/projects/{PROJECT_ID}/runs", json=body)
        asked = ada("GET", "/projects", params={"includeArchived": "True", "after": ""})

    assert (old.status_code, new.status_code, asked.status_code) == (201, 422, 200)
    assert "body.updateCache must be a boolean" in new.text


@pytest.mark.parametrize("word", [True, "True", "TRUE", "true"])
def test_a_query_says_true_in_capitals_or_not(word, ada):
    titles = [project["title"] for project in ada.get("/projects", includeArchived=word, limit=100)["values"]]

    assert "Old marketing dashboard" in titles


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize("path", ["/projects", "/users", f"/cells?projectId={PROJECT_ID}"])
def test_an_empty_cursor_is_none(path, name, ada):
    assert ada("GET", path, params={name: ""}).json() == ada("GET", path).json()


def test_all_runs_of_a_project_are_cancelled_at_the_old_paths(ada, clock):
    for _ in range(3):
        ada("POST", f"/project/{PROJECT_ID}/run")
    clock.advance(3)

    running = ada.get(f"/project/{PROJECT_ID}/runs", limit=25, statusFilter="RUNNING")["runs"]
    replies = [ada("DELETE", f"/project/{PROJECT_ID}/run/{run['runId']}").status_code for run in running]

    assert replies == [204, 204, 204]
    assert ada.get(f"/project/{PROJECT_ID}/runs", statusFilter="RUNNING")["runs"] == []


def test_a_pipeline_runs_step_by_step(sandbox, ada, clock):
    steps = {"Extract orders": {"date": "2025-01-01"}, "Transform orders": None, "Load orders": None}

    for title, inputs in steps.items():
        project_id = sandbox.world.project(title).id
        run = ada("POST", f"/project/{project_id}/run", json={"inputParams": inputs or {}}).json()
        clock.advance(10)
        assert ada.get(f"/project/{project_id}/run/{run['runId']}")["status"] == "COMPLETED"


def test_keys_that_hex_does_not_have_are_named(ada):
    body = {"inputParams": {}, "updateCacheResult": True, "killRunningExecution": False}

    reply = ada("POST", f"/project/{PROJECT_ID}/run", json=body)

    assert reply.status_code == 422
    assert "updateCacheResult" in reply.text
    assert "killRunningExecution" in reply.text


def test_the_notebook_block_of_the_seeds_runs(ada):
    inputs = json.loads('{"start_date": "2024-01-01", "end_date": "2024-01-31", "region": "US"}')
    body = {"inputParams": inputs, "updatePublishedResults": True, "useCachedSqlResults": False}

    started = ada("POST", f"/projects/{REPORT}/runs", json=body)
    finished = ada.get(f"/projects/{REPORT}/runs/{REPORT}")

    assert started.status_code == 201
    assert finished["status"] == "COMPLETED"


def test_the_log_says_which_requests_used_an_old_path(callers, clock):
    lines: list[str] = []
    with Sandbox(clock=clock, log=lines.append) as sandbox:
        caller = callers(TOKENS.personal, sandbox)
        caller("POST", f"/project/{PROJECT_ID}/run")
        caller("POST", f"/projects/{PROJECT_ID}/runs")

    assert [("old path" in line) for line in lines] == [True, False]
    assert lines[1] == f"POST /api/v1/projects/{PROJECT_ID}/runs 201"


@pytest.mark.parametrize("name", ["semantic-projects", "semantic-models"])
def test_a_semantic_project_has_two_paths(name, sandbox, ada):
    path = f"/{name}/{sandbox.world.semantic_project('Shop').id}"

    assert ada("PATCH", path, json={"updates": []}).status_code == 200
