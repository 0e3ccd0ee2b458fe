"""What an operation of an async workflow is before it is awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

    from perdure_runtime.core.identity import Identity
    from perdure_runtime.drivers.calls import Asked

__all__ = ["DurableCall"]

T = TypeVar("T")


class DurableCall(Coroutine[Any, Any, T], Generic[T]):
    """An operation that has its place in the history and runs when it is awaited, once.

    It is a coroutine to whoever asks (`await`, `gather`, `TaskGroup`, `wait_for`), but not one of the interpreter's
    own: of one that is never awaited it tells nobody but the run, which names the operation.
    """

    __slots__ = ("_adopt", "_begin", "_inner", "identity", "is_virtual")

    def __init__(
        self,
        identity: Identity,
        begin: Callable[[DurableCall[T]], Coroutine[Any, Any, T]],
        adopt: Callable[[DurableCall[T]], Asked] | None = None,
        *,
        is_virtual: bool = False,
    ) -> None:
        self.identity = identity
        self.is_virtual = is_virtual
        self._adopt = adopt
        self._begin: Callable[[DurableCall[T]], Coroutine[Any, Any, T]] | None = begin
        self._inner: Coroutine[Any, Any, T] | None = None

    def __await__(self) -> Generator[Any, Any, T]:
        return self._started().__await__()

    def send(self, value: Any, /) -> Any:  # noqa: ANN401  as in Coroutine
        """Go on."""
        return (self._inner or self._started()).send(value)

    def throw(
        self,
        typ: Any,  # noqa: ANN401  as in Coroutine
        val: Any = None,  # noqa: ANN401  as in Coroutine
        tb: TracebackType | None = None,
        /,
    ) -> Any:  # noqa: ANN401  as in Coroutine
        """Raise inside; where nothing has begun yet, nothing does."""
        if self._inner is None:
            self.close()
            raise typ if val is None else val
        if val is None and tb is None:
            return self._inner.throw(typ)
        return self._inner.throw(val if val is not None else typ)

    def close(self) -> None:
        """Give the operation up."""
        if self._inner is not None:
            self._inner.close()
        elif self._begin is not None:
            # A task that was cancelled before its first step: the user did await it.
            self._started().close()

    def check_new(self) -> None:
        """Raise where the operation was awaited or handed over before."""
        if self._begin is None:
            raise RuntimeError(f"the {self.identity} was awaited before; an operation is awaited once")

    def adopt(self) -> Asked:
        """Hand the operation over to another one, which will drive it instead of whoever would have awaited it."""
        self.check_new()
        assert self._adopt is not None  # noqa: S101  whoever makes operations says how they are handed over
        self._begin = None
        return self._adopt(self)

    def _started(self) -> Coroutine[Any, Any, T]:
        self.check_new()
        assert self._begin is not None  # noqa: S101  just checked
        begin, self._begin = self._begin, None
        self._inner = begin(self)
        return self._inner

    def __repr__(self) -> str:
        state = "not awaited yet" if self._begin is not None else "awaited"
        return f"<{self.identity}, {state}>"
