"""The command ``rtcd``: flags, terminal and exit codes; what it does is in the package ``rtcd``."""
