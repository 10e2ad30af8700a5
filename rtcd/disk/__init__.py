"""The project folder: watched, read and written; the only room that touches project files."""
