"""`Generic`, for classes whose parameters nobody looks at but type checkers.

The one of `typing` looks at them whenever a class is made of it, or of a class that is, and that takes longer than to
make the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Generic
else:
    from types import GenericAlias

    class Generic:
        """As in `typing`."""

        __slots__ = ()

        def __class_getitem__(cls, said: object) -> GenericAlias:
            # The parameters of a call are a list, which has no hash.
            one_by_one = said if isinstance(said, tuple) else (said,)
            return GenericAlias(cls, tuple(tuple(it) if isinstance(it, list) else it for it in one_by_one))


__all__ = ["Generic"]
