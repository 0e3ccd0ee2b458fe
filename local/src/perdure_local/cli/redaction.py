"""What a screen may show of payloads: what `Redact` in the user's functions leaves, and no content of encoded texts.

The journal and the service know nothing of it: what is recorded is not masked, and neither is what the service's API
answers. So everything that a screen is told goes through here first. Which fields are meant, a probe finds in the
user's modules (`probe`); they are masked in whatever this run shows, whosever payload it is.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

from perdure_local.notices import Notice
from perdure_local.service import Summary
from perdure_runtime.codecs.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perdure_local.ledger import ErrorObject

T = TypeVar("T")

_TEXTS = ("payload", "result", "state")
"""Where notices and summaries have payloads."""


class Masks:
    """Masks fields in what is told of a run."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._redactor = Redactor(fields)

    def text(self, text: str) -> str:
        """Return a payload as it may be shown."""
        return self._redactor.text(text) if text else text

    def shown(self, item: T) -> T:
        """Return what may be shown of a notice or a summary; a line of a worker's, and all else, is as it is."""
        if not isinstance(item, (Notice, Summary)):
            return item
        found = {name: getattr(item, name, None) for name in (*_TEXTS, "error")}
        changed: dict[str, Any] = {name: self.text(text) for name, text in found.items() if isinstance(text, str)}
        if found["error"]:
            changed["error"] = self._error(found["error"])
        if all(found[name] == value for name, value in changed.items()):
            return item
        return item._replace(**changed) if isinstance(item, Summary) else dataclasses.replace(item, **changed)

    def _error(self, error: ErrorObject) -> ErrorObject:
        """Return an error with its data masked; its message and its traceback are free text, which is not searched."""
        data = error.get("ErrorData")
        return {**error, "ErrorData": self.text(data)} if isinstance(data, str) else error
