"""The internal extension, which exists so that SIGTERM reaches this process.

Where no extension is registered, Lambda ends a sandbox by SIGKILL, unannounced. Where one is, the runtime is sent
SIGTERM first and has a moment left. So Perdure registers one, for no events: an internal extension may not ask for
SHUTDOWN, and has no use for INVOKE.

Two rules of Lambda's shape this module. Registration closes with the runtime's first `next`, so the loop waits for it
(`settle`); it is made beside the import of the handler, which takes longer. And the init phase lasts until every
registered extension asks for an event, so a thread asks, and is answered at most when the sandbox ends.

Nothing depends on it. Where it is switched off, or cannot be registered, the process is killed as it would be anyway,
and an execution goes on from its last checkpoint.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, start_new_thread
from typing import TYPE_CHECKING

from perdure_bootstrap import signals
from perdure_bootstrap.address import opener
from perdure_runtime.service.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perdure_runtime.service.reply import Reply

__all__ = ["Extension", "is_wanted"]

CHOICE = "PERDURE_EXTENSION"
NO = ("0", "false", "no", "off")
NAME = "perdure"
PREFIX = "/2020-01-01/extension"
SECONDS = 1.0
"""Time for the registration, which takes less than one thousandth of it on Lambda."""
OK = 200
UNKNOWN = (404, 405, 501)
"""Answers of a Runtime API that knows no extensions, as emulators of it may not; not worth a word."""
IDENTIFIER = "lambda-extension-identifier"
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether an extension is to be registered: yes, unless PERDURE_EXTENSION says no."""
    return environ.get(CHOICE, "").strip().lower() not in NO


class Extension:
    """Registers at once, on a thread of its own, which then waits for events as long as the process lives."""

    def __init__(
        self, address: str, warn: Callable[[str], object], start: Callable[..., object] = start_new_thread
    ) -> None:
        """`start` starts a thread; that of `threading` would cost an import."""
        self._warn = warn
        self._start = start
        self._registration = Connection(opener(address, SECONDS), read_timeout=SECONDS)
        # No time limit: the wait lasts as long as the sandbox, frozen or not.
        self._events = Connection(opener(address, SECONDS), read_timeout=None)
        self._common = f" HTTP/1.1\r\nHost: {address}\r\n"
        self._registering = allocate_lock()

    def begin(self) -> None:
        """Have the thread do its work."""
        self._registering.acquire()
        try:
            self._start(self._run, ())
        except RuntimeError as error:  # no more threads
            self._registering.release()
            self._refused(str(error))

    def settle(self) -> None:
        """Return when the registration is made, or failed."""
        with self._registering:
            pass

    def _run(self) -> None:
        # So that signals go to the main thread, the only one whose waits end for Python's handlers.
        signals.pthread_sigmask(signals.SIG_BLOCK, signals.valid_signals())
        try:
            identifier = self._registered()
        finally:
            self._registering.release()
        if identifier is not None:
            try:
                self._wait(identifier)
            finally:
                self._events.close()

    def _registered(self) -> str | None:
        """The name that Lambda gave the extension; None where it is not registered."""
        body = b'{"events": []}'
        head = f"Lambda-Extension-Name: {NAME}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            reply = self._registration.exchange(f"POST {PREFIX}/register{self._common}{head}".encode() + body)
        except OSError as error:
            self._refused(f"{type(error).__name__}: {error}")
            return None
        finally:
            self._registration.close()
        identifier = reply.headers.get(IDENTIFIER)
        if reply.status == OK and identifier:
            return identifier
        if reply.status not in UNKNOWN:
            self._refused(f"HTTP {reply.status}: {reply.body[:200].decode('utf-8', 'replace')}")
        return None

    def _refused(self, why: str) -> None:
        self._warn(
            f"the internal extension could not be registered ({why}). Invocations are served all the same, but Lambda"
            f" may end this sandbox without SIGTERM. {CHOICE}=off does without the extension."
        )

    def _wait(self, identifier: str) -> None:
        request = f"GET {PREFIX}/event/next{self._common}{IDENTIFIER}: {identifier}\r\n\r\n".encode()
        event = INVOKE
        while event == INVOKE:
            reply = self._event(request)
            event = "" if reply is None or reply.status != OK else _kind(reply.body)
        if event == SHUTDOWN:  # Lambda tells internal extensions nothing; what plays its part may
            os.kill(os.getpid(), signals.SIGTERM)

    def _event(self, request: bytes) -> Reply | None:
        for _ in range(2):
            try:
                return self._events.exchange(request)
            except OSError:  # the connection may have died while the sandbox was frozen, or a snapshot
                continue
        return None


def _kind(body: bytes) -> str:
    import json

    try:
        return str(json.loads(body)["eventType"])
    except (ValueError, KeyError, TypeError):
        return ""
