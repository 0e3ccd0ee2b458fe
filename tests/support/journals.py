"""Journals with a history."""

from perdure_runtime.core.identity import Scope
from perdure_runtime.core.journal import Journal
from perdure_runtime.core.vocabulary import Kind, Subtype

EXECUTION = {"Id": "e", "Type": "EXECUTION", "Status": "STARTED", "ExecutionDetails": {"InputPayload": "{}"}}


def recorded(identity, status="SUCCEEDED", **fields):
    wire = {"Id": identity.id, "Type": identity.kind.value, "SubType": identity.subtype, "Status": status}
    if identity.name:
        wire["Name"] = identity.name
    if identity.parent:
        wire["ParentId"] = identity.parent
    return wire | fields


def journal_of(*operations):
    journal = Journal()
    journal.merge([EXECUTION, *operations])
    journal.seal()
    return journal


def taken(*names):
    scope = Scope()
    return [scope.take(Kind.STEP, Subtype.STEP, name) for name in names]
