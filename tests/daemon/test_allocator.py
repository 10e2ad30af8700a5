"""Large blocks go back to the system when they are freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rtcd.daemon.allocator import give_large_blocks_back

PROGRAM = """
import sys
from rtcd.daemon.allocator import give_large_blocks_back

if sys.argv[1] == "told":
    give_large_blocks_back()

def resident():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096 // 2**20

size = 4 * 2**20
del bytearray(b"x" * size)[:]
before = resident()
large, small = [], []
for _ in range(20):
    large.append(bytearray(b"x") * size)
    small.append(bytearray(b"x") * 2000)
del large
print(resident() - before)
"""


def megabytes_kept(word: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, word], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_of_eighty_megabytes_that_were_freed_next_to_nothing_is_kept():
    if not give_large_blocks_back():
        pytest.skip("the C library is not glibc")
    assert megabytes_kept("told") < 20
    # Else this test would show nothing.
    assert megabytes_kept("not told") > 40
