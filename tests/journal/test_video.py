"""Compressed video in a recording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.events import Tick
from edge_agent.core.units import Ns
from edge_agent.errors import JournalError
from edge_agent.journal import video
from edge_agent.journal.reader import Recording
from edge_agent.journal.recorder import Recorder
from edge_agent.journal.settings import JournalSettings
from edge_agent.journal.video import VideoPacket
from edge_agent.journal.writer import RecordingHeader


@given(st.integers(0, 2**62), st.binary(max_size=200), st.sampled_from(["h264", "h265"]))
def test_a_packet_comes_back_as_it_was(at, data, form):
    packet = VideoPacket("east", Ns(at), form, data)
    assert video.decode(video.encode(packet)) == packet


@given(st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_what_is_no_packet_is_said_to_be_none(body):
    with pytest.raises(JournalError):
        video.decode(body)


def test_video_lies_beside_the_events_and_a_replay_does_not_see_it(tmp_path):
    recorder = Recorder(tmp_path, JournalSettings(), RecordingHeader("test", "0" * 64))
    recorder.event(Tick(Ns(1)))
    packets = [VideoPacket("east", Ns(at), "h264", bytes([at])) for at in (2, 3)]
    for packet in packets:
        recorder.video(packet, packet.captured_at)
    recorder.event(Tick(Ns(4)))
    recorder.close()
    recording = Recording.open(next(tmp_path.glob("*.mcap")))
    assert list(recording.events()) == [Tick(Ns(1)), Tick(Ns(4))]
    assert list(recording.video()) == packets
