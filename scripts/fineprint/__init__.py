"""Fineprint: fine-tune transformers by several methods, score all on the same rows, print a report."""

__version__ = "0.2.0"
