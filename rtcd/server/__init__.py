"""The one Jupyter server, over HTTP: found, started, asked."""
