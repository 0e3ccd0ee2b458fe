"""Speak to the durable execution service. `protocol` says how, `selection` picks who does it."""
