"""The verdict on a history: which tokens should be there, and which are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulation.documents import tokens
from simulation.oracle import kept_tokens, recorded_tokens, short

if TYPE_CHECKING:
    from simulation.world import World


def judge(world: World) -> None:
    """Count what is missing and what is there twice, and where else it is."""
    result, ledger = world.result, world.ledger
    final: dict[bytes, int] = {}
    for name in world.names:
        file = world.server.disk.read(name)
        data = b"" if file is None else file.data
        here = tokens(data)
        for token in set(here):
            # After a rename an editor with the old name may have made a second file of it.
            before = 0 if world.moves.count else final.get(token, 0)
            final[token] = max(final.get(token, 0), before + here.count(token))
    for (name_of_machine, _), since in world.watching.on_disk.items():
        for token, at in since.items():
            world.watching.may_oblige(name_of_machine, token, at)
    for machine in world.machines:
        ledger.received(machine.held)
    result.tokens = len(ledger.typed)
    wanted = (ledger.typed & ledger.obligated) - ledger.deleted
    missing = {token for token in wanted if token not in final}
    records: set[bytes] = set()
    kept: set[bytes] = set()
    once_kept: set[bytes] = set()
    if missing:
        for machine in world.machines:
            records |= recorded_tokens(machine) | machine.old_records[None]
            kept |= kept_tokens(machine)
            once_kept |= machine.old_versions
    result.recorded = short(missing & records)
    result.taken_back = short((missing - records) & kept)
    # Who saw every read and save knows what each save was made from.
    result.overruled = [] if world.faults.hid_something else result.taken_back
    result.forgotten = short((missing - records - kept) & once_kept)
    result.lost = short(missing - records - kept - once_kept)
    twice = {token for token, count in final.items() if count > 1}
    kept_both: set[bytes] = set()
    if twice:
        for machine in world.machines:
            kept_both |= recorded_tokens(machine, "both-created")
            kept_both |= machine.old_records["both-created"]
    result.repeated = short(twice & kept_both)
    result.doubled = short(twice - kept_both)
    result.came_back = len({token for token in ledger.deleted if token in final})
    result.faults = world.faults.done
    for machine in world.machines:
        result.bugs += [f"{machine.name}: {bug}"[:300] for bug in machine.bugs[:5]]
    for token in sorted(missing):
        world.note(f"missing {token!r}")
