"""Threads for calls: none waits for another one's end, and each is used again."""

from __future__ import annotations

import threading
from functools import partial

import pytest

pytest.importorskip("starlette", reason="run by make test-hosts")

from hex_blocks.hosts.service import workers
from hex_blocks.hosts.service.workers import Workers
from tests.hosts.service.conftest import until


def test_none_waits_for_another():
    pool, meeting = Workers(), threading.Barrier(20, timeout=20)

    for _ in range(20):
        pool.submit(meeting.wait)

    until(lambda: pool._idle == 20)


def _note(seen: set[int], done: threading.Event) -> None:
    seen.add(threading.get_ident())
    done.set()


def test_a_thread_is_used_again():
    pool = Workers()
    seen: set[int] = set()
    for _ in range(50):
        done = threading.Event()
        pool.submit(partial(_note, seen, done))
        assert done.wait(20)
        until(lambda: pool._idle == 1)

    assert len(seen) == 1


def test_one_without_work_ends(monkeypatch):
    monkeypatch.setattr(workers, "IDLE_SECONDS", 0.05)
    pool, ended = Workers(), threading.Event()
    named: list[threading.Thread] = []

    pool.submit(lambda: named.append(threading.current_thread()))
    until(lambda: named)
    named[0].join(20)
    pool.submit(ended.set)

    assert not named[0].is_alive()
    assert ended.wait(20)
