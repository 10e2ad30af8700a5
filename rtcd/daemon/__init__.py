"""The running program without its command line."""
