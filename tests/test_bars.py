"""What a person at a terminal sees of a command's progress, and what a pipe does not."""

import os
import pty
import subprocess
import sys
import threading

import pytest

WAIT_S = 30


def on_a_terminal(code, *, stdout=None):
    """(what the terminal showed, what came out of the pipe) of a program with `bars` at hand."""
    ours, theirs = pty.openpty()
    shown = []

    def read():
        while True:
            try:
                got = os.read(ours, 65536)
            except OSError:  # the last program that had the terminal is gone
                return
            shown.append(got)

    reading = threading.Thread(target=read)
    reading.start()
    try:
        ran = subprocess.run(
            [sys.executable, "-c", f"from edge_agent import bars\n{code}"],
            stdin=subprocess.DEVNULL,
            stdout=stdout or theirs,
            stderr=theirs,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
            check=True,
            timeout=WAIT_S,
        )
    finally:
        os.close(theirs)
        reading.join(WAIT_S)
        os.close(ours)
    return b"".join(shown).decode(), (ran.stdout or b"").decode()


@pytest.mark.parametrize(
    ("bar", "seen"),
    [
        ("bars.share('replaying', 200)", "50%"),
        ("bars.count('重放', 200)", "100/200"),
        ("bars.size('model.onnx', 200)", "100/200 bytes"),
        ("bars.words('looking')", "looking"),
    ],
)
def test_a_bar_says_how_far_it_is_and_leaves_nothing(bar, seen):
    shown, _ = on_a_terminal(f"with {bar} as bar:\n    bar.told(bar._what, 100)\nprint('over')")
    assert seen in shown
    assert shown.rstrip().endswith("over")
    assert "\x1b[2K" in shown  # its line is wiped


def test_a_total_that_is_known_only_later_and_things_that_are_counted_as_they_are_dealt_with():
    code = "with bars.share('a') as bar:\n    bar.told('b', 30, 40)\n    bar.line('a line above')"
    shown, _ = on_a_terminal(code)
    assert "75%" in shown
    assert "a line above" in shown
    shown, _ = on_a_terminal("with bars.count('x', 3) as bar:\n    list(bar.each('abc'))")
    assert "3/3" in shown


def test_what_is_printed_into_a_pipe_beneath_a_bar_stays_out_of_the_terminal():
    code = "with bars.count('x', 2) as bar:\n    print('a result')\n    bar.line('a line')\n    bar.step('y')"
    shown, piped = on_a_terminal(code, stdout=subprocess.PIPE)
    assert piped == "a result\na line\n"
    assert "a result" not in shown
    assert "1/2" in shown


@pytest.mark.parametrize("quiet", [True, False])
def test_where_nobody_watches_nothing_is_shown_and_nothing_is_loaded(quiet):
    code = (
        "import sys\nfrom edge_agent import bars\n"
        f"with bars.share('x', 2, quiet={quiet}) as bar:\n"
        "    bar.told('y', 1)\n    bar.step()\n    assert not bar.due()\n    assert bar.speed is None\n"
        "    print(*bar.each([7]))\n    assert not any(name.startswith('rich') for name in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=WAIT_S)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "7\n", "")
