"""Versions, bases and conflicts of a folder, in SQLite inside ``.rtcd/``."""
