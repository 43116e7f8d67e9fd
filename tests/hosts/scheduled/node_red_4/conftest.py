"""The older Node-RED on the older Node that it still runs on, with the fixtures of the newer one's suite."""

from tests.hosts.node_red.conftest import (  # noqa: F401
    fast_sandbox,
    packed,
    pytest_collection_modifyitems,
    red,
    timely_hex,
    timely_sandbox,
)
