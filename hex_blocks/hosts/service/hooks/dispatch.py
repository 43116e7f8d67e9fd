"""Sends what hooks ask for: looks for runs and jobs that have ended, and sends messages until they arrive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from hex_blocks.clock import Clock
from hex_blocks.errors.classes import HexError
from hex_blocks.hosts.service.callers import Caller, Callers
from hex_blocks.hosts.service.hooks.messages import job_message, run_message
from hex_blocks.hosts.service.hooks.sending import Sent, post
from hex_blocks.hosts.service.hooks.signing import GIVEN_UP as GIVEN_UP_AFTER
from hex_blocks.hosts.service.hooks.signing import headers, pause
from hex_blocks.hosts.service.hooks.store import ACTIVE, DELIVERED, GIVEN_UP, Delivery, Hook, HookStore
from hex_blocks.hosts.service.looking import looking
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.workers import Workers
from hex_blocks.run import run
from hex_blocks.tools.registry import Registry

log = logging.getLogger(__name__)

WATCH = "hex_watch_runs"
LOOK_SECONDS = 0.5
# How many messages are on their way at a time, and how long one of a process that is gone is left alone.
MOST_SENDING = 64
SENDING_LEASE = 60.0
# So many hooks' runs are looked for at a time, so that none waits for another one whose limits at Hex are reached.
WATCHERS = 4
RENEWED_AFTER = 3.0
MOST_TOLD = 100
CLEANED_SECONDS = 600.0
KEPT = 30 * 86_400.0
GONE = 410


class Dispatcher:
    """Sends events to hooks."""

    def __init__(
        self,
        tools: Registry,
        store: HookStore,
        callers: Callers,
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
        owner: str,
    ) -> None:
        self.tools = tools
        self.store = store
        self.callers = callers
        self.settings = settings
        self.metrics = metrics
        self.clock = clock
        self.owner = owner
        self._stop = threading.Event()
        self._sending = 0
        self._workers = Workers()
        self._lock = threading.Lock()
        self._looked_at: set[str] = set()
        looks: list[tuple[Callable[[], object], float]] = [
            *([(self.watch, LOOK_SECONDS)] * WATCHERS),
            (self._renew, settings.lease / RENEWED_AFTER),
            (self.tell_of_jobs, LOOK_SECONDS),
            (self.send_due, LOOK_SECONDS),
            (self._clean, CLEANED_SECONDS),
        ]
        self._loops = [looking(look, seconds, self._stop) for look, seconds in looks]

    def begin(self) -> None:
        """Begin to look and to send."""
        for loop in self._loops:
            loop.start()

    def close(self) -> None:
        """Begin nothing more. What is on its way is sent again by another process where it does not get through."""
        self._stop.set()

    def first_look(self, caller: Caller, projects: tuple[str, ...], language: str | None) -> str:
        """Return the cursor from which a new hook is told of runs. Raises HexError."""
        return str(self._watched(caller, projects, None, language)["cursor"])

    def _watched(
        self, caller: Caller, projects: tuple[str, ...], cursor: str | None, language: str | None
    ) -> dict[str, object]:
        inputs = {"projectIds": list(projects), **({"cursor": cursor} if cursor else {})}
        return run(self.tools[WATCH], inputs, self.tools, caller.connection, stop=self._stop, language=language)

    def watch(self) -> None:
        """Look for runs that have ended, for the hooks whose turn it is."""
        while not self._stop.is_set():
            now = self.clock.time()
            hook = self.store.to_look_at(self.owner, now, now + self.settings.lease, now - self.settings.watch)
            if hook is None:
                return
            with self._lock:
                self._looked_at.add(hook.id)
            try:
                self._look_at(hook)
            finally:
                with self._lock:
                    self._looked_at.discard(hook.id)

    def _look_at(self, hook: Hook) -> None:
        caller = self.callers.recall(hook.caller, hook.sealed)
        if caller is None:
            log.warning("hook %s waits: its token is not to be had", hook.id)
            self.store.looked(hook, self.owner, hook.cursor or "", ())
            return
        try:
            found = self._watched(caller, hook.projects, hook.cursor, hook.language)
        except HexError as error:
            self._not_watched(hook, error)
            return
        runs = found["runs"] if isinstance(found["runs"], list) else []
        told = [message for each in runs if (message := run_message(hook, each, self.clock.time()))]
        self.store.looked(hook, self.owner, str(found["cursor"]), told)

    def _renew(self) -> None:
        with self._lock:
            held = list(self._looked_at)
        self.store.renew(self.owner, held, self.clock.time() + self.settings.lease)

    def _not_watched(self, hook: Hook, error: HexError) -> None:
        log.warning("hook %s: runs cannot be looked at: %s", hook.id, error.key)
        if error.key == "token_refused" and hook.sealed is not None:
            self.store.disable(hook.id, error.key)
        self.store.looked(hook, self.owner, hook.cursor or "", ())

    def tell_of_jobs(self) -> None:
        """Write down messages about the jobs that have ended."""
        for job in self.store.untold(MOST_TOLD):
            hooks = [hook for hook in self.store.listed(job.caller) if hook.status == ACTIVE]
            told = [message for hook in hooks if (message := job_message(hook, job, self.clock.time()))]
            self.store.tell(job, told)

    def send_due(self) -> None:
        """Send the messages whose time has come, each in a thread of its own."""
        now = self.clock.time()
        for delivery in self.store.due(self.owner, now, now + SENDING_LEASE, MOST_SENDING - self._sending):
            with self._lock:
                self._sending += 1
            self._workers.do(partial(self._send, delivery))

    def _send(self, delivery: Delivery) -> None:
        try:
            self.attempt(delivery)
        except ProblemError:
            # The lease runs out, and it is sent again with the same ID.
            log.warning("what came of a delivery could not be written down", exc_info=True)
        finally:
            with self._lock:
                self._sending -= 1

    def attempt(self, delivery: Delivery) -> Delivery:
        """Send a message once, and write down what came of it."""
        hook = self.store.of_delivery(delivery)
        if hook is None:
            return delivery
        secret = self.callers.vault.opened(hook.secret)
        if secret is None:
            self.store.disable(hook.id, "secret_lost")
        if hook.status != ACTIVE or secret is None:
            return self._written(replace(delivery, status=GIVEN_UP, next_at=None, last_error="disabled"))
        signed = headers(secret, delivery.id, self.clock.time(), delivery.body)
        sent = post(hook.target_url, delivery.body, signed, loopback=self.settings.loopback_hooks)
        self.metrics.delivered("delivered" if sent.arrived else "failed")
        self._note_health(hook, sent)
        return self._written(self._after(delivery, sent))

    def _after(self, delivery: Delivery, sent: Sent) -> Delivery:
        tried = replace(
            delivery, attempts=delivery.attempts + 1, last_status=sent.status, last_error=sent.error, next_at=None
        )
        if sent.arrived:
            return replace(tried, status=DELIVERED)
        seconds = None if sent.status == GONE else pause(tried.attempts, sent.retry_after)
        return replace(tried, status=GIVEN_UP) if seconds is None else replace(tried, next_at=self._later(seconds))

    def _later(self, seconds: float) -> float:
        return self.clock.time() + seconds

    def _note_health(self, hook: Hook, sent: Sent) -> None:
        now = self.clock.time()
        if sent.arrived:
            if hook.failing_since is not None:
                self.store.health(hook.id, None)
        elif sent.status == GONE:
            self.store.disable(hook.id, "gone")
        elif hook.failing_since is None:
            self.store.health(hook.id, now)
        elif now - hook.failing_since >= GIVEN_UP_AFTER:
            self.store.disable(hook.id, "failing")

    def _written(self, delivery: Delivery) -> Delivery:
        self.store.sent(delivery, self.owner)
        return delivery

    def _clean(self) -> None:
        self.store.clean(self.clock.time() - KEPT)
