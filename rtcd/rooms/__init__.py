"""A room: one shared document as the Jupyter server holds it, over a WebSocket."""
