"""Finding each other on the local network, joining with one code, and who may come in."""
