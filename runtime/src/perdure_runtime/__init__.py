"""Run the engine."""
