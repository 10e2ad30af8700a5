"""Friendly live documents (text, notebook) on shared types. Pure."""
