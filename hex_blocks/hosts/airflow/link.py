"""The button in Airflow's interface that leads to the run in Hex."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

RUN_ID, RUN_URL = "run_id", "run_url"


class HexRunLink(BaseOperatorLink):
    """The page of the task's run in Hex; there as soon as the run is started."""

    name = "Open run in Hex"

    @property
    def xcom_key(self) -> str:
        """The XCom that holds the link."""
        return RUN_URL

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address of the run's page; empty where nothing was started."""
        return XCom.get_value(key=RUN_URL, ti_key=ti_key) or ""
