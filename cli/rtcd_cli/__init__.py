"""The command ``rtcd``."""
