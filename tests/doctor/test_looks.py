"""Checks run side by side; a line or a camera is looked at once, and by one of them at a time."""

import threading

from edge_agent.doctor.looks import Looks, watch_all
from edge_agent.doctor.observed import CameraSeen, SerialSeen

HEARD = SerialSeen((), 1.0, 9600)


class Counting:
    """Eyes that say what was asked of them, and whether two looked at one line together."""

    def __init__(self):
        self.asked, self.together, self._line = [], False, threading.Lock()
        self.cameras = threading.Barrier(2, timeout=10)

    def serial(self, port, seconds):
        return self._look("serial", port, seconds)

    def serial_at(self, port, baud, seconds):
        return self._look(f"at {baud}", port, seconds)

    def camera(self, camera, seconds):
        self.asked.append(("camera", camera, seconds))
        self.cameras.wait()
        if camera == "away":
            raise OSError("no such camera")
        return CameraSeen(codec=camera)

    def _look(self, how, port, seconds):
        self.together |= not self._line.acquire(blocking=False)
        self.asked.append((how, port, seconds))
        self._line.release()
        return HEARD


def test_many_checks_that_want_one_line_open_it_once_and_never_together():
    eyes = Counting()
    looks = Looks(None, eyes)
    askers = [threading.Thread(target=looks.serial, args=("wim", 10.0)) for _ in range(8)]
    askers += [threading.Thread(target=looks.serial_at, args=("wim", 9600, 1.2)) for _ in range(8)]
    for one in askers:
        one.start()
    for one in askers:
        one.join()

    assert eyes.asked.count(("serial", "wim", 10.0)) == 1
    assert eyes.asked.count(("at 9600", "wim", 1.2)) == 8
    assert not eyes.together


def test_a_technician_in_a_hurry_gets_shorter_looks():
    eyes = Counting()
    looks = Looks(None, eyes, seconds=2.0)

    looks.serial("wim", 10.0)
    looks.serial_at("wim", 9600, 1.2)

    assert eyes.asked == [("serial", "wim", 2.0), ("at 9600", "wim", 1.2)]


def test_cameras_are_watched_side_by_side_and_one_that_fails_stops_no_other():
    eyes = Counting()
    looks = Looks(None, eyes)

    watch_all(looks, ["east", "away"])  # each waits for the other

    assert looks.camera("east", 6.0).codec == "east"
    assert sorted(name for _, name, _ in eyes.asked) == ["away", "east"]
