"""Where a run keeps what outlasts it."""

JOURNAL = ".perdure/journal.db"
"""Where the journal is, under the root."""
