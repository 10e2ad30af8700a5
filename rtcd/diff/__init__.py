"""Old value and new value in, the smallest honest edits out. Pure."""
