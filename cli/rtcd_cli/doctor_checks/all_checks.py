"""All checks, in the order in which trouble is best looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rtcd.places import Places
from rtcd_cli.doctor_checks.check import Check
from rtcd_cli.doctor_checks.clocks import check_clocks
from rtcd_cli.doctor_checks.daemon import check_daemon, check_server_elsewhere
from rtcd_cli.doctor_checks.file_system import check_file_system
from rtcd_cli.doctor_checks.joined import check_joined
from rtcd_cli.doctor_checks.left_behind import check_left_behind
from rtcd_cli.doctor_checks.packages import check_packages, check_python, check_server_packages
from rtcd_cli.doctor_checks.permissions import check_permissions
from rtcd_cli.doctor_checks.sharing import check_sharing
from rtcd_cli.doctor_checks.space import check_space
from rtcd_cli.doctor_checks.watches import check_watches


def all_checks(places: Places) -> list[Check]:
    """Everything, in the order in which trouble is best looked for."""
    status, daemon = check_daemon(places)
    looks: list[Callable[[], Iterable[Check]]] = [
        check_python,
        check_packages,
        check_server_packages,
        lambda: [daemon],
        lambda: check_server_elsewhere(status),
        lambda: check_sharing(places, status),
        lambda: check_joined(places),
        lambda: check_permissions(places),
        lambda: check_file_system(places),
        lambda: check_watches(places),
        lambda: check_space(places),
        lambda: check_clocks(places, status),
        lambda: check_left_behind(places),
    ]
    return [check for look in looks for check in look()]
