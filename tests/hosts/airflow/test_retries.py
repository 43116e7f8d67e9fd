"""Retries, on the same machine and on another: whose run is whose."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hex_blocks.hosts.airflow.tasks import TaskStore, work_of
from hex_blocks.hosts.engines.clients import client_for
from hex_blocks.sandbox import TOKENS
from hex_blocks.sandbox.model import Plan

# A worker that dies when its run is known, once; the next one may be another machine, with a record of its own.
DYING = """
from hex_blocks.hosts.engines.clients import forget_clients

class Dying:
    def dies(self, context):
        if context["ti"].try_number == 1:
            if {elsewhere}:
                os.environ["HEX_BLOCKS_DATA_DIR"] += "-of-another-machine"
                forget_clients()
            raise RuntimeError("the worker dies")

class DyingRun(Dying, HexRunProjectOperator):
    def _tell_run(self, context, run):
        super()._tell_run(context, run)
        self.dies(context)

class DyingAfterRun(Dying, HexRunProjectOperator):
    def _done(self, context, work, run):
        self.dies(context)
        return super()._done(context, work, run)

class DyingBatch(Dying, HexRunBatchOperator):
    def report(self, progress):
        super().report(progress)
        if progress.values["done"] == 2 and self.is_first:
            self.running.stop.set()

    def execute(self, context):
        self.is_first = context["ti"].try_number == 1
        try:
            return super().execute(context)
        finally:
            self.dies(context)
"""
ELSEWHERE = pytest.mark.parametrize("elsewhere", [False, True])
BOTH = pytest.mark.parametrize("deferrable", [False, True])


@ELSEWHERE
@BOTH
def test_a_retry_follows_the_run_that_goes_on(deferrable, elsewhere, run_dag, project, started):
    done = run_dag(
        f"DyingRun(task_id='a', project_id=PROJECT, deferrable={deferrable}, **AGAIN)",
        before=DYING.format(elsewhere=elsewhere),
    )

    assert done.state == "success"
    assert started() == 1


@ELSEWHERE
def test_a_retry_takes_the_run_that_has_completed(elsewhere, run_dag, sandbox, project, started):
    done = run_dag("DyingAfterRun(task_id='a', project_id=PROJECT, **AGAIN)", before=DYING.format(elsewhere=elsewhere))

    assert done.state == "success"
    assert started() == 1


@ELSEWHERE
def test_a_batch_goes_on_with_the_sets_that_are_left(elsewhere, run_dag, project, started):
    done = run_dag(
        """
        DyingBatch(task_id="a", project_id=PROJECT, parameter_sets=[{"n": n} for n in range(4)], parallel=2,
                   cancel_on_kill=False, **AGAIN)
        """,
        before=DYING.format(elsewhere=elsewhere),
    )

    assert done.state == "success"
    assert started() == 4


@BOTH
def test_a_retry_starts_another_run_where_the_last_ended_badly(deferrable, run_dag, sandbox, project, started):
    sandbox.world.project("Quick check").plan = Plan(2, 4, "ERRORED")

    done = run_dag(f"HexRunProjectOperator(task_id='a', project_id=PROJECT, deferrable={deferrable}, **AGAIN)")

    assert done.state == "failed"
    assert started() == 3


def test_a_dag_run_that_comes_again_has_runs_of_its_own(run_dag, project, started):
    """With the same IDs: what was deleted in Airflow is not found in the record."""
    run_dag("HexRunProjectOperator(task_id='a', project_id=PROJECT)")
    run_dag("HexRunProjectOperator(task_id='a', project_id=PROJECT)")

    assert started() == 2


class Accessor(dict):
    """A task state store."""

    def set(self, key, value):
        self[key] = value


def context_of(store: Accessor, *, max_tries: int, retries: int = 2) -> dict:
    task = SimpleNamespace(retries=retries)
    instance = SimpleNamespace(dag_id="d", task_id="t", map_index=-1, max_tries=max_tries, task=task)
    return {"ti": instance, "task_state_store": store}


@pytest.mark.parametrize(("was_done", "runs"), [(True, 2), (False, 1)])
def test_a_task_that_a_user_clears_runs_anew_where_it_had_succeeded(was_done, runs, sandbox, project, started):
    store = Accessor()
    hex = client_for(TOKENS.personal, sandbox.base_url)
    work = work_of(hex, context_of(store, max_tries=2))
    work.start({"project_id": project})
    if was_done:
        work.done()

    # Cleared after its first try, with two retries: Airflow allows three tries more.
    work_of(hex, context_of(store, max_tries=3)).start({"project_id": project})
    work_of(hex, context_of(store, max_tries=3)).start({"project_id": project})

    assert started() == runs


def test_what_is_kept_is_apart_from_the_users_own():
    store = Accessor()
    TaskStore(store).put("work", {"generation": 1})

    assert store == {"hex work": {"generation": 1}}
