"""Sends the events of hooks: finds runs and jobs that have ended, and sends messages until they are delivered."""

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
from hex_blocks.hosts.service.hooks.sending import Attempt, post
from hex_blocks.hosts.service.hooks.signing import DISABLE_AFTER, headers, retry_delay
from hex_blocks.hosts.service.hooks.store import ACTIVE, DELIVERED, GIVEN_UP, Delivery, Hook, HookStore
from hex_blocks.hosts.service.metrics import Metrics
from hex_blocks.hosts.service.polling import polling_thread
from hex_blocks.hosts.service.problems import ProblemError
from hex_blocks.hosts.service.settings import Settings
from hex_blocks.hosts.service.workers import Workers
from hex_blocks.run import run
from hex_blocks.tools.registry import Registry

log = logging.getLogger(__name__)

WATCH = "hex_watch_runs"
POLL_SECONDS = 0.5
# How many messages a process sends at a time, and for how many seconds no other process sends the same message.
MOST_SENDING = 64
SENDING_LEASE = 60.0
# How many hooks are watched at a time, so that a hook does not wait for another one whose rate limit is reached.
WATCHERS = 4
LEASE_FRACTION = 3.0
MAX_JOBS = 100
CLEANUP_SECONDS = 600.0
KEPT_SECONDS = 30 * 86_400.0
GONE = 410


class Dispatcher:
    """Sends events to hooks.

    Args:
        tools: The tools.
        store: The stored hooks and deliveries.
        callers: The callers.
        settings: The settings.
        metrics: Counts the deliveries.
        clock: The clock of leases and times.
        owner: The ID of this process.
    """

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
        self._claimed: set[str] = set()
        polled: list[tuple[Callable[[], object], float]] = [
            *([(self.watch, POLL_SECONDS)] * WATCHERS),
            (self._renew, settings.lease / LEASE_FRACTION),
            (self.store_job_events, POLL_SECONDS),
            (self.send_due, POLL_SECONDS),
            (self._clean, CLEANUP_SECONDS),
        ]
        self._threads = [polling_thread(work, seconds, self._stop) for work, seconds in polled]

    def start_threads(self) -> None:
        """Start the threads that find events and send messages."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop the threads. A message that is being sent and fails is sent again by another process."""
        self._stop.set()

    def first_cursor(self, caller: Caller, projects: tuple[str, ...], language: str | None) -> str:
        """Return the cursor after which a new hook gets events of runs.

        Raises:
            HexError: The runs cannot be read.
        """
        return str(self._watch_runs(caller, projects, None, language)["cursor"])

    def _watch_runs(
        self, caller: Caller, projects: tuple[str, ...], cursor: str | None, language: str | None
    ) -> dict[str, object]:
        inputs = {"projectIds": list(projects), **({"cursor": cursor} if cursor else {})}
        return run(self.tools[WATCH], inputs, self.tools, caller.connection, stop=self._stop, language=language)

    def watch(self) -> None:
        """Find the runs that have ended, for all hooks that are due."""
        while not self._stop.is_set():
            now = self.clock.time()
            hook = self.store.claim_watched(self.owner, now, now + self.settings.lease, now - self.settings.watch)
            if hook is None:
                return
            with self._lock:
                self._claimed.add(hook.id)
            try:
                self._read_runs(hook)
            finally:
                with self._lock:
                    self._claimed.discard(hook.id)

    def _read_runs(self, hook: Hook) -> None:
        caller = self.callers.restore(hook.caller, hook.encrypted_token)
        if caller is None:
            log.warning("hook %s waits: the token of its caller is not available", hook.id)
            self.store.store_events(hook, self.owner, hook.cursor or "", ())
            return
        try:
            found = self._watch_runs(caller, hook.projects, hook.cursor, hook.language)
        except HexError as error:
            self._watch_failed(hook, error)
            return
        runs = found["runs"] if isinstance(found["runs"], list) else []
        messages = [message for each in runs if (message := run_message(hook, each, self.clock.time()))]
        self.store.store_events(hook, self.owner, str(found["cursor"]), messages)

    def _renew(self) -> None:
        with self._lock:
            held = list(self._claimed)
        self.store.renew(self.owner, held, self.clock.time() + self.settings.lease)

    def _watch_failed(self, hook: Hook, error: HexError) -> None:
        log.warning("hook %s: its runs cannot be read: %s", hook.id, error.key)
        if error.key == "token_refused" and hook.encrypted_token is not None:
            self.store.disable(hook.id, error.key)
        self.store.store_events(hook, self.owner, hook.cursor or "", ())

    def store_job_events(self) -> None:
        """Store the messages about jobs that have ended."""
        for job in self.store.jobs_without_events(MAX_JOBS):
            hooks = [hook for hook in self.store.list_hooks(job.caller) if hook.status == ACTIVE]
            messages = [message for hook in hooks if (message := job_message(hook, job, self.clock.time()))]
            self.store.store_job_events(job, messages)

    def send_due(self) -> None:
        """Send the messages that are due, each in a thread of its own."""
        now = self.clock.time()
        for delivery in self.store.claim_due(self.owner, now, now + SENDING_LEASE, MOST_SENDING - self._sending):
            with self._lock:
                self._sending += 1
            self._workers.submit(partial(self._send, delivery))

    def _send(self, delivery: Delivery) -> None:
        try:
            self.attempt(delivery)
        except ProblemError:
            # The lease will expire, and the message will be sent again with the same ID.
            log.warning("the result of a delivery could not be stored", exc_info=True)
        finally:
            with self._lock:
                self._sending -= 1

    def attempt(self, delivery: Delivery) -> Delivery:
        """Send a message once, and store and return the result."""
        hook = self.store.hook_of(delivery)
        if hook is None:
            return delivery
        secret = self.callers.vault.decrypt(hook.secret)
        if secret is None:
            self.store.disable(hook.id, "secret_lost")
        if hook.status != ACTIVE or secret is None:
            return self._store(replace(delivery, status=GIVEN_UP, next_at=None, last_error="disabled"))
        signed = headers(secret, delivery.id, self.clock.time(), delivery.body)
        result = post(hook.target_url, delivery.body, signed, loopback=self.settings.loopback_hooks)
        self.metrics.count_delivery("delivered" if result.delivered else "failed")
        self._update_health(hook, result)
        return self._store(self._after_attempt(delivery, result))

    def _after_attempt(self, delivery: Delivery, result: Attempt) -> Delivery:
        tried = replace(
            delivery, attempts=delivery.attempts + 1, last_status=result.status, last_error=result.error, next_at=None
        )
        if result.delivered:
            return replace(tried, status=DELIVERED)
        seconds = None if result.status == GONE else retry_delay(tried.attempts, result.retry_after)
        return replace(tried, status=GIVEN_UP) if seconds is None else replace(tried, next_at=self._later(seconds))

    def _later(self, seconds: float) -> float:
        return self.clock.time() + seconds

    def _update_health(self, hook: Hook, result: Attempt) -> None:
        now = self.clock.time()
        if result.delivered:
            if hook.failing_since is not None:
                self.store.store_failing_since(hook.id, None)
        elif result.status == GONE:
            self.store.disable(hook.id, "gone")
        elif hook.failing_since is None:
            self.store.store_failing_since(hook.id, now)
        elif now - hook.failing_since >= DISABLE_AFTER:
            self.store.disable(hook.id, "failing")

    def _store(self, delivery: Delivery) -> Delivery:
        self.store.store_attempt(delivery, self.owner)
        return delivery

    def _clean(self) -> None:
        self.store.clean(self.clock.time() - KEPT_SECONDS)
