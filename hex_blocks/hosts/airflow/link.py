"""The button in Airflow's interface that opens the run in Hex."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

RUN_ID, RUN_URL = "run_id", "run_url"


class HexRunLink(BaseOperatorLink):
    """The link to the task's run in Hex, available as soon as the run is started."""

    name = "Open run in Hex"

    @property
    def xcom_key(self) -> str:
        """The XCom that holds the link."""
        return RUN_URL

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the URL of the run; empty if no run was started."""
        return XCom.get_value(key=RUN_URL, ti_key=ti_key) or ""
