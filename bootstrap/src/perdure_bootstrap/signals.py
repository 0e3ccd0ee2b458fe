"""Signals without the enums that the standard library's `signal` puts round them, whose import takes a millisecond."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from signal import SIG_BLOCK, SIG_DFL, SIGTERM, getsignal, pthread_sigmask, set_wakeup_fd, signal, valid_signals
else:
    from _signal import SIG_BLOCK, SIG_DFL, SIGTERM, getsignal, pthread_sigmask, set_wakeup_fd, signal, valid_signals

__all__ = [
    "SIGTERM",
    "SIG_BLOCK",
    "SIG_DFL",
    "getsignal",
    "pthread_sigmask",
    "set_wakeup_fd",
    "signal",
    "valid_signals",
]
