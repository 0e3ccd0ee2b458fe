"""The chains of codecs of a process, each made when it is first needed.

A function without codecs needs none, until a record turns up that went through some; so nothing of the codecs is
imported before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perdure.errors import HandlerRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure import Codec
    from perdure_runtime.codecs.chain import Chain
    from perdure_runtime.codecs.environment import Environment

__all__ = ["Chains"]

MOST = 64
"""Chains that are kept; a program that makes codecs at each call would otherwise collect them for ever."""


class Chains:
    """Makes chains, and keeps them: one that encrypts keeps its keys."""

    __slots__ = ("_environ", "_environment", "_known")

    def __init__(self, environ: Mapping[str, str], environment: Environment | None = None) -> None:
        self._environ = environ
        self._environment = environment
        # By the codecs' ids, since those of a user's own need not be hashable; kept, so that no id is used again.
        self._known: dict[tuple[int, ...], tuple[tuple[Codec, ...], Chain]] = {}

    def begin_invocation(self) -> None:
        """Another invocation begins, which makes data keys of its own."""
        if self._environment is not None:
            self._environment.begin_invocation()

    def of(self, codecs: tuple[Codec, ...], owner: str = "") -> Chain:
        """The chain of these codecs; raises `HandlerRefused` where one of them lacks its package."""
        key = tuple(map(id, codecs))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[key] = codecs, self._made(codecs, owner)
        return known[1]

    def _made(self, codecs: tuple[Codec, ...], owner: str) -> Chain:
        from perdure_runtime.codecs.chain import chain_for  # not on the cold path of those who have no codecs

        if self._environment is None:
            from perdure_runtime.codecs.environment import Environment

            self._environment = Environment.from_environment(self._environ)
        try:
            return chain_for(codecs, self._environment)
        except ModuleNotFoundError as error:
            raise HandlerRefused(owner, str(error)) from None
