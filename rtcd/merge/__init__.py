"""Which version a save was made from, and three contents into one. Pure."""
