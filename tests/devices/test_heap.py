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
    from edge_agent.devices.heap import stay_small
    assert stay_small()
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


# Pieces that the heap cannot give back by itself, since one that is still used lies above them.
FREED = """
import ctypes, sys, time
from pathlib import Path
from edge_agent.devices import heap
heap.TRIM_EVERY_S = 0.05
if sys.argv[1] == "small":
    heap.stay_small()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) // 1024
pieces = [libc.malloc(100_000) for _ in range(600)]
for piece in pieces:
    ctypes.memset(piece, 1, 100_000)
most = resident()
for piece in pieces[:-1]:
    libc.free(piece)
until = time.monotonic() + (10 if sys.argv[1] == "small" else 0.3)
while resident() > most - 40 and time.monotonic() < until:
    time.sleep(0.02)
print(most - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_what_is_free_is_given_back():
    def given_back(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", FREED, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert given_back("small") > 40
    assert given_back("as it likes") < 20
