"""The bound on the C library's heaps holds where it is glibc."""

from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

# Threads that each keep a small piece and free a large one: every heap shows in malloc's own report.
THREADS = """
import ctypes, sys, threading
if sys.argv[1] == "few":
    from edge_agent.devices.heap import few_heaps
    assert few_heaps()
gate = threading.Barrier(16)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def use():
    gate.wait()
    for _ in range(2_000):
        libc.malloc(1_000)
threads = [threading.Thread(target=use) for _ in range(16)]
[t.start() for t in threads]
[t.join() for t in threads]
libc.malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_sixteen_threads_share_two_heaps():
    def heaps(how: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True
        )
        return len(re.findall(r"^Arena \d+:", done.stderr, re.MULTILINE))

    assert heaps("few") <= 2 < heaps("as it likes")
