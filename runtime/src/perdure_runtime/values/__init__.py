"""Python values and exceptions as text, and back."""
