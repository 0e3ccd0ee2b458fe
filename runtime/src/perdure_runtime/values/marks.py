"""What is recorded about an exception that its type and message do not say.

    {"perdure": 1, "args": …, "keywords": …, "attributes": …, "error_type": …, "data": …, "errors": […], "notes": […],
     "cause": …, "context": …, "suppress": …, "final": true, "after": …, "lost": true}

All members but the first are optional, and later versions may add some. Without `args` the arguments were the message
alone, or none for an empty message, so that the message is never repeated. `lost` says that the arguments could not be
stored, `final` that the error rules another attempt out, `after` how many seconds that has to wait. `error_type` and
`data` are those of an `OperationError`.

`errors` are the members of a group, `cause` and `context` the errors that led to this one, and each is a recorded error
itself. In one of them data that is a mark stands as the object that it is, not as text, or quotes would multiply with
the depth. `context` is `"cause"` where it is the same error; `suppress` is there where `__suppress_context__` is not
what the cause makes it. Values are in the codec's form, texts are texts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from perdure.errors import SerdesError
from perdure_runtime.values import codec, jsontext
from perdure_runtime.values.paths import Unfit

__all__ = ["LOST", "SAME", "Linked", "Mark", "is_marked", "mark_in", "read_mark"]

HEAD = '{"perdure":'
VERSION = 1
SAME: Literal["cause"] = "cause"
"""In the place of a context that is the cause."""
Linked: TypeAlias = "dict[str, Any]"
"""A recorded error within another."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How to rebuild an exception."""

    args: tuple[object, ...] | None = None
    """What its class is called with; None: the message, if there is one."""
    keywords: dict[str, object] = field(default_factory=dict)
    attributes: dict[str, object] = field(default_factory=dict)
    """Public attributes of the instance."""
    error_type: str | None = None
    data: str | None = None
    errors: tuple[Linked, ...] = ()
    notes: tuple[str, ...] = ()
    cause: Linked | None = None
    context: Linked | Literal["cause"] | None = None
    suppress: bool | None = None
    final: bool = False
    after: float | None = None
    """Seconds."""
    lost: bool = False

    def text(self) -> str | None:
        """The recorded form, None where there is nothing to say; what the codec refuses is `lost`."""
        try:
            parts = {
                "args": None if self.args is None else codec.encode(list(self.args)),
                "keywords": codec.encode(self.keywords) if self.keywords else None,
                "attributes": codec.encode(self.attributes) if self.attributes else None,
                **{name: jsontext.write(value) for name, value in self._plain().items()},
            }
        except (SerdesError, Unfit):
            return LOST
        written = "".join(f',"{name}":{text}' for name, text in parts.items() if text is not None)
        return f"{HEAD}{VERSION}{written}}}" if written else None

    def data_text(self) -> str | None:
        """What to record as ErrorData: data of a user's own stands as it is where there is nothing else to say."""
        if self == Mark(data=self.data) and not is_marked(self.data):
            return self.data
        return self.text()

    def _plain(self) -> dict[str, object]:
        """The members that are JSON as they stand, without those that say nothing."""
        members = {
            "error_type": self.error_type,
            "data": self.data,
            "errors": list(self.errors) or None,
            "notes": list(self.notes) or None,
            "cause": self.cause,
            "context": self.context,
            "suppress": self.suppress,
            "final": self.final or None,
            "after": self.after,
            "lost": self.lost or None,
        }
        return {name: value for name, value in members.items() if value is not None}


LOST = f'{HEAD}{VERSION},"lost":true}}'
_LOST = Mark(lost=True)


def is_marked(data: str | None) -> bool:
    """Whether recorded data is Perdure's own, not a user's."""
    return data is not None and data.startswith(HEAD)


def mark_in(recorded: Any) -> Mark:  # noqa: ANN401  whatever was recorded
    """What an error object says beside type and message."""
    data = recorded.get("ErrorData")
    if isinstance(data, dict):
        return _read(data)
    if not isinstance(data, str):
        return Mark()
    return read_mark(data) if is_marked(data) else Mark(data=data)


def read_mark(text: str) -> Mark:
    """What a marked text says; `lost` where it is of a form that this version does not know."""
    try:
        return _read(jsontext.parse(text))
    except (Unfit, RecursionError):
        return _LOST


def _read(form: object) -> Mark:
    if not isinstance(form, dict) or form.get("perdure") != VERSION:
        return _LOST
    members = cast("dict[str, Any]", form)
    try:
        args = codec.unwrapped(members["args"]) if "args" in members else None
        keywords = codec.unwrapped(members["keywords"]) if "keywords" in members else {}
        attributes = codec.unwrapped(members["attributes"]) if "attributes" in members else {}
    except (Unfit, RecursionError):
        return _LOST
    if not (
        (args is None or isinstance(args, list))
        and isinstance(keywords, dict)
        and isinstance(attributes, dict)
        and all(isinstance(name, str) for name in (*keywords, *attributes))
        and all(isinstance(members.get(name, kind()), kind) for name, kind in KINDS.items())
        and all(isinstance(error, dict) for error in members.get("errors", []))
        and all(isinstance(note, str) for note in members.get("notes", []))
        and isinstance(members.get("context", {}), (dict, str))
        and type(members.get("after", 0)) in {int, float}
        and 0 <= members.get("after", 0) < math.inf
    ):
        return _LOST
    # A private attribute is the class's own business, and dunder ones are Python's.
    public = {name: value for name, value in attributes.items() if not name.startswith("_")}
    context = members.get("context")
    return Mark(
        None if args is None else tuple(args),
        keywords,
        public,
        members.get("error_type"),
        members.get("data"),
        tuple(members.get("errors", ())),
        tuple(members.get("notes", ())),
        members.get("cause"),
        context if isinstance(context, dict) else SAME if context == SAME else None,
        members.get("suppress"),
        members.get("final", False),
        members.get("after"),
        members.get("lost", False),
    )


KINDS: dict[str, type] = {
    "error_type": str,
    "data": str,
    "errors": list,
    "notes": list,
    "cause": dict,
    "suppress": bool,
    "final": bool,
    "lost": bool,
}
