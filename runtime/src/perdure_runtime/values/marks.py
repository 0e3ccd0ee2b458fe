"""What is recorded about rebuilding an exception, where its type and message do not suffice.

    {"perdure": 1, "args": …, "attributes": …, "error_type": …, "data": …, "errors": […], "lost": true}

All members but the first are optional, and later versions may add some. Without `args` the arguments were the message
alone, or none for an empty message, so that the message is never repeated. `lost` says that the arguments could not be
stored. `error_type` and `data` are those of an `OperationError`, and `errors` the members of a `BatchError`, each a
recorded error itself. Values are in the codec's form, texts are texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from perdure.errors import SerdesError
from perdure_runtime.values import codec, jsontext
from perdure_runtime.values.paths import Unfit

__all__ = ["LOST", "Mark", "is_marked", "read_mark"]

HEAD = '{"perdure":'
VERSION = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """How to rebuild an exception."""

    args: tuple[object, ...] | None = None
    """What its class is called with; None: the message, if there is one."""
    attributes: dict[str, object] = field(default_factory=dict)
    """Public attributes of the instance."""
    error_type: str | None = None
    data: str | None = None
    errors: tuple[dict[str, Any], ...] = ()
    lost: bool = False

    def text(self) -> str | None:
        """The recorded form, None where there is nothing to say; what the codec refuses is `lost`."""
        try:
            parts = {
                "args": None if self.args is None else codec.encode(list(self.args)),
                "attributes": codec.encode(self.attributes) if self.attributes else None,
                "error_type": None if self.error_type is None else jsontext.write(self.error_type),
                "data": None if self.data is None else jsontext.write(self.data),
                "errors": jsontext.write(list(self.errors)) if self.errors else None,
            }
        except SerdesError:
            return LOST
        written = "".join(f',"{name}":{text}' for name, text in parts.items() if text is not None)
        return f"{HEAD}{VERSION}{written}}}" if written else None


LOST = f'{HEAD}{VERSION},"lost":true}}'
_LOST = Mark(lost=True)


def is_marked(data: str | None) -> bool:
    """Whether recorded data is Perdure's own, not a user's."""
    return data is not None and data.startswith(HEAD)


def read_mark(text: str) -> Mark:
    """What a marked text says; `lost` where it is of a form that this version does not know."""
    try:
        form = jsontext.parse(text)
        if not isinstance(form, dict) or form.get("perdure") != VERSION or form.get("lost"):
            return _LOST
        args = codec.unwrapped(form["args"]) if "args" in form else None
        attributes = codec.unwrapped(form["attributes"]) if "attributes" in form else {}
    except (Unfit, RecursionError):
        return _LOST
    error_type, data, errors = form.get("error_type"), form.get("data"), form.get("errors", [])
    if not (
        (args is None or isinstance(args, list))
        and isinstance(attributes, dict)
        and (error_type is None or isinstance(error_type, str))
        and (data is None or isinstance(data, str))
        and isinstance(errors, list)
        and all(isinstance(error, dict) for error in errors)
    ):
        return _LOST
    # A private attribute is the class's own business, and dunder ones are Python's.
    public = {name: value for name, value in attributes.items() if not name.startswith("_")}
    return Mark(None if args is None else tuple(args), public, error_type, data, tuple(errors))
