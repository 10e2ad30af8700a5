"""``python -m rtcd.extension.serve``: ``python -m jupyter_server`` in half of the time.

jsonschema loads ``rfc3987_syntax`` where it is installed, to check texts that call themselves
``iri``. That package builds a whole parser when it is imported, half of all that a server does
before it answers (measured with rfc3987-syntax 1.1.0). No schema of a Jupyter server asks for that
check, and jsonschema does without where the package is missing: so here it is missing. Kernels are
processes of their own and find it as ever.
"""

from __future__ import annotations

import sys

SLOW_AND_UNUSED = "rfc3987_syntax"


def main() -> None:
    """Run the server with the arguments of this process."""
    sys.modules.setdefault(SLOW_AND_UNUSED, None)  # type: ignore[arg-type]
    from jupyter_server.serverapp import launch_new_instance

    launch_new_instance()


if __name__ == "__main__":
    main()
