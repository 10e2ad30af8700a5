"""One notebook with two faces: the ``.ipynb``, and a script or markdown text paired with it."""
