"""Edit the same notebooks and text files at once, from any editor and from JupyterLab."""

__version__ = "0.1.0"
