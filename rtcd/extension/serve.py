"""``python -m rtcd.extension.serve``: ``python -m jupyter_server`` in half of the time.

Half of what a server does before it answers is building a parser that nobody calls; it is left out
here. Kernels are processes of their own and find it as ever.
"""

from __future__ import annotations

from rtcd.light_imports import leave_out_iri_grammar


def main() -> None:
    """Run the server with the arguments of this process."""
    leave_out_iri_grammar()
    from jupyter_server.serverapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    main()
