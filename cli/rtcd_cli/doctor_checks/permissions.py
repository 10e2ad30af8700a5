"""Is what rtcd keeps private, and may it work in the folder?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check


def check_permissions(places: Places) -> Iterator[Check]:
    """Nobody else may look into what rtcd keeps."""
    private = (places.inside, places.state, places.jupyter, places.token_file, places.database)
    wrong = []
    for path in private:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if found.st_uid != os.getuid():
            wrong.append(f"{path} belongs to another user")
        elif stat.S_IMODE(found.st_mode) & 0o077 and not stat.S_ISLNK(found.st_mode):
            wrong.append(f"{path} is open to others (mode {stat.S_IMODE(found.st_mode):04o})")
        elif stat.S_ISLNK(found.st_mode):
            wrong.append(f"{path} is a link")
    if wrong:
        yield Check("permissions", "fail", "; ".join(wrong), "`chmod go-rwx` closes them.")
    elif not os.access(places.project, os.R_OK | os.W_OK | os.X_OK):
        yield Check(
            "permissions", "fail", "you may not read and write the folder", "Ask its owner."
        )
    else:
        yield Check("permissions", "ok", "what rtcd keeps is private")
