"""A deterministic simulator: rtcd's own code, and everything around it from one seed.

``python -m simulation`` runs histories; see ``docs/reliability.md``.
"""
