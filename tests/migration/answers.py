"""What the world outside has to say to the workflows of this folder: by name, as the ledger service takes it."""

from support.ledger_service import Reply

BROKEN = {"ErrorMessage": "the function broke", "ErrorType": "Broken"}

ANSWERS = {
    "approval": Reply(result="yes", after=4),
    "empty": None,
    "signature create callback id": "signed",
    "double": "42",
    "branch asks": Reply(result="answered", after=3),
    "branch invokes": Reply(result="4", after=1),
    "nothing": "null",
    "fails": Reply(error=BROKEN),
    "refused": Reply(error={"ErrorMessage": "not approved", "ErrorType": "Rejected"}),
    "rejected create callback id": Reply(error={"ErrorMessage": "not signed"}),
}
