"""Keeps files, documents and rooms the same."""
