"""What ties a process group to this process: nothing of it outlives us, whatever ends us.

A worker that outlived its service would go on with the body it is in, while the next service has another worker run the
same one. Nobody can clean up after `kill -9` of himself, so each group gets a watcher: a shell of two commands that
reads from a pipe. A line says that the group is over. The end of the pipe without one says that we are, and the watcher
kills the group. A shell is there on every platform that has process groups, and is started in a millisecond; Linux
alone could do without (PR_SET_PDEATHSIG, which looks at the death of a thread, at that).

A group whose service dies before the watcher was started runs no body: it has yet to ask that service for work.
"""

from __future__ import annotations

import subprocess

_WATCH = 'read -r _ || kill -s KILL -- "-$1"'


class Lifeline:
    """Holds one process group; keep it until the group is over."""

    def __init__(self, group: int) -> None:
        """Start the watcher; raises OSError where there is no shell."""
        self._watcher = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
            ["/bin/sh", "-c", _WATCH, "perdure-watcher", str(group)],
            env={},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what is sent to our own group, such as Ctrl-C, is not for it
        )

    def let_go(self) -> None:
        """Leave the group alone from now on: it is over, and its id may soon be another's."""
        self._watcher.communicate(b"over\n")
