"""Finds the operation of a path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from hex_blocks.sandbox.request import Operation

# Paths that Hex serves in addition to those of its reference: earlier paths, and another name.
OLD_PATHS = {
    "RunProject": "/project/{projectId}/run",
    "GetProjectRuns": "/project/{projectId}/runs",
    "GetRunStatus": "/project/{projectId}/run/{runId}",
    "CancelRun": "/project/{projectId}/run/{runId}",
}
OTHER_PATHS = {
    "UpdateSemanticProject": "/semantic-models/{semanticProjectId}",
    "IngestSemanticProject": "/semantic-models/{semanticProjectId}/ingest",
}


@dataclass(frozen=True)
class Route:
    """An operation, and the IDs in a path."""

    operation: Operation
    path: Mapping[str, str]
    old: bool = False


@dataclass(frozen=True)
class Pattern:
    """A path with placeholders in braces."""

    operation: Operation
    segments: tuple[str, ...]
    old: bool = False

    def match(self, segments: Sequence[str]) -> Route | None:
        """Return the route if the path matches."""
        ids: dict[str, str] = {}
        for expected, given in zip(self.segments, segments, strict=True):
            if expected.startswith("{"):
                ids[expected[1:-1]] = given
            elif expected != given:
                return None
        return Route(self.operation, ids, self.old)


def find_route(segments: Sequence[str]) -> list[Route]:
    """Return the routes that match a path, for any method. Those with fewer placeholders come first."""
    routes = (pattern.match(segments) for pattern in _patterns().get(len(segments), ()))
    return sorted((route for route in routes if route), key=lambda route: len(route.path))


@cache
def _patterns() -> Mapping[int, Sequence[Pattern]]:
    from hex_blocks.sandbox.operations import EXPERIMENTAL, OPERATIONS

    patterns = defaultdict(list)
    for operation in (OPERATIONS | EXPERIMENTAL).values():
        patterns[len(operation.segments)].append(Pattern(operation, operation.segments))
        for paths, old in ((OLD_PATHS, True), (OTHER_PATHS, False)):
            if operation.id in paths:
                segments = tuple(paths[operation.id].strip("/").split("/"))
                patterns[len(segments)].append(Pattern(operation, segments, old))
    return patterns
