"""What runs inside the Jupyter server: one writer for every file."""
