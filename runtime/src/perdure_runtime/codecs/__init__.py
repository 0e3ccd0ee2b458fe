"""Recorded texts on their way to the service: compressed, encrypted, stored elsewhere; and counted."""
