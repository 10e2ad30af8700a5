"""Other daemons on the local network."""
