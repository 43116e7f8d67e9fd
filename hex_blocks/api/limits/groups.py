"""The limit groups of Hex's API: which requests share a rate limit, and what the limits are."""

from __future__ import annotations

from collections.abc import Mapping

Limits = Mapping[str, tuple[tuple[int, int], ...]]

# The group of all requests.
ALL = "all"
# Pairs of (requests, seconds): `all` as in Hex's documentation, the groups as in its API document. Runs and messages to
# threads share a group whose limits Hex no longer publishes; these are the last published ones.
HEX_LIMITS: Limits = {
    ALL: ((60, 60),),
    "hex-api": ((30, 60), (1800, 3600)),
    "hex-api-30rpm": ((30, 60),),
    "runs": ((20, 60), (60, 3600)),
    "charts": ((20, 60),),
    "ingest": ((3, 60),),
}
