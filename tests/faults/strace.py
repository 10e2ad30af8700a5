"""``strace`` beside a running process: count its system calls, fail one, or kill it at one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from faults.daemons import is_alive, wait_for

CALLS = (
    "openat,openat2,read,pread64,write,pwrite64,writev,fsync,fdatasync,ftruncate,rename,renameat,"
    "renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,fchmod,fchown,utimensat,fstat,"
    "newfstatat,statx,lseek,close,flock,fcntl,mmap,getdents64,sendto,sendmsg,recvfrom,recvmsg,"
    "socket,connect,accept4,fsetxattr,flistxattr,inotify_add_watch"
)
CALL_LINE = re.compile(r"^(\d+) +(?:\d+\.\d+ )?(\w+)\(")


class Strace:
    """One strace attached to one process and its threads; detached by ``stop``."""

    def __init__(self, pid: int, *options: str, output: Path | str = "/dev/null") -> None:
        self._pid = pid
        command = ["strace", "-f", "-p", str(pid), "-o", str(output), *options]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr is not None
        # It says so for every thread; from then on no call is missed.
        os.set_blocking(self._process.stderr.fileno(), False)
        stderr = self._process.stderr
        said = b""

        def is_attached() -> bool:
            nonlocal said
            said += stderr.read() or b""
            return b"attached" in said or self._process.poll() is not None

        assert wait_for(is_attached, 60), said
        assert b"attached" in said, said

    def stop(self) -> None:
        """Detach; the process goes on, if it lives."""
        if not is_alive(self._pid):
            # It was seen to wait for ever for threads that were dead.
            self._process.kill()
        elif self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def __enter__(self) -> Strace:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def inject(call: str, what: str, when: str) -> Sequence[str]:
    """Options for one fault: ``what`` is ``signal=KILL`` or ``error=EIO``; ``when`` ``3`` or ``3+``."""
    return ("-e", f"trace={call}", "-e", f"inject={call}:{what}:when={when}")


@contextlib.contextmanager
def counted(pid: int, calls: str = CALLS) -> Iterator[Counter[str]]:
    """How often each call is made by the one thread that makes it most; filled at the end."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "calls")
        with Strace(pid, "-e", f"trace={calls}", output=output):
            yield found
        by_thread: Counter[tuple[str, str]] = Counter()
        for line in output.read_text(errors="replace").splitlines():
            if match := CALL_LINE.match(line):
                by_thread[match[1], match[2]] += 1
        for (_, call), count in by_thread.items():
            found[call] = max(found[call], count)


__all__ = ["CALLS", "Strace", "counted", "inject", "is_alive"]
