"""The sensor: waits for a run that was started elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException, BaseSensorOperator, PokeReturnValue, conf

from hex_blocks.errors.classes import BusyError, HexDownError, HexError
from hex_blocks.hosts.airflow.hook import DEFAULT_CONNECTION, HexHook
from hex_blocks.hosts.airflow.link import RUN_URL, HexRunLink
from hex_blocks.hosts.airflow.tasks import airflow_error
from hex_blocks.runs.model import ENDS, run_error

INTERVAL = 30.0
DAY = 86_400.0


class HexRunSensor(BaseSensorOperator):
    """Wait until a run has completed; fail where it ends otherwise. The run is never cancelled.

    Args:
        project_id: The run's project.
        run_id: The run.
        hex_conn_id: The connection of Airflow.
        check_interval: Seconds between looks; poke_interval by another name.
        deferrable: Whether the wait is the triggerer's, so that it takes no worker.
        options: What all sensors of Airflow take.
    """

    template_fields: Sequence[str] = ("hex_conn_id", "project_id", "run_id")
    operator_extra_links = (HexRunLink(),)
    ui_color = "#f5e6ff"

    def __init__(
        self,
        *,
        project_id: str,
        run_id: str,
        hex_conn_id: str = DEFAULT_CONNECTION,
        check_interval: float | timedelta | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **options: Any,
    ) -> None:
        if check_interval is not None:
            options["poke_interval"] = check_interval
        super().__init__(**{"poke_interval": INTERVAL, "timeout": DAY, **options})
        self.project_id = project_id
        self.run_id = run_id
        self.hex_conn_id = hex_conn_id
        self.deferrable = deferrable

    def poke(self, context: Any) -> PokeReturnValue | bool:
        """Look whether the run has ended."""
        asked = {"projectId": self.project_id, "runId": self.run_id}
        try:
            run = HexHook(self.hex_conn_id).run("hex_get_run_status", asked)
            self._tell(context, run)
            if run["status"] not in ENDS:
                return False
            return PokeReturnValue(is_done=True, xcom_value=_completed(run))
        except (BusyError, HexDownError) as error:
            self.log.warning("the run could not be looked at, and will be again: %s", error)
            return False
        except HexError as error:
            raise airflow_error(error) from error

    def execute(self, context: Any) -> Any:
        """Wait here, or in the triggerer."""
        if not self.deferrable:
            return super().execute(context)
        done = self.poke(context)
        if isinstance(done, PokeReturnValue):
            return done.xcom_value
        from hex_blocks.hosts.airflow.trigger import HexRunTrigger

        hex = HexHook(self.hex_conn_id).get_conn()
        self.defer(
            trigger=HexRunTrigger(
                hex_conn_id=self.hex_conn_id,
                project_id=self.project_id,
                run_id=self.run_id,
                check_interval=self.poke_interval,
                until=hex.connection.clock.time() + float(self.timeout),
                cancel_on_timeout=False,
                cancel_on_kill=False,
            ),
            method_name="resume",
        )
        return None

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """Take what the trigger tells of the run."""
        run = dict(event["run"])
        self._tell(context, run)
        try:
            if event["status"] == "ended":
                return _completed(run)
        except HexError as error:
            raise airflow_error(error) from error
        if event["status"] == "timeout":
            from airflow.providers.common.compat.sdk import AirflowSensorTimeout

            raise AirflowSensorTimeout(f"run {self.run_id} has not ended within {self.timeout:.0f} seconds")
        raise AirflowException(str(event["reason"]))

    @staticmethod
    def _tell(context: Any, run: Mapping[str, Any]) -> None:
        if run.get("runUrl"):
            context["ti"].xcom_push(key=RUN_URL, value=run["runUrl"])


def _completed(run: dict[str, Any]) -> dict[str, Any]:
    if error := ENDS[str(run["status"])]:
        raise run_error(run, error)
    return run
