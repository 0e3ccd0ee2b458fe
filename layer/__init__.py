"""Builds the Lambda layers: `python -m layer.build`, in the repository's root, with the Python that is to run there."""
