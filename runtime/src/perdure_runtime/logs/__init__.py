"""Logs that know their execution and stay silent while history is replayed."""
