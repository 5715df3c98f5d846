"""Small corpora: a bridge's vehicles as a controller reports them, a journal in segments, broken files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from edge_agent.config import recorded
from edge_agent.config.loader import load
from edge_agent.core.events import SerialBytes, Started, Stopped
from edge_agent.core.units import S
from edge_agent.corpus.finding import find
from edge_agent.corpus.plan import Answer, Job, Plan, program
from edge_agent.corpus.run_folder import SUMMARY, RunFolder, write
from edge_agent.corpus.running import Ran, run, run_id
from edge_agent.corpus.work import work
from edge_agent.journal.writer import RecordingHeader, RecordingWriter
from tests.test_compose import a_site, a_vehicle

LIMIT = "lanes.1.limits.posted.limit_kg"  # 20 t in every recording


def a_recording(path: Path, *gross_kg: int, began: int = 0, config: bool = True) -> Path:
    """Vehicles of these weights, twenty seconds apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    site = path.parent / "site.yaml"
    if not site.exists():
        a_site(path.parent, "/dev/null")
    chosen = load(site)
    site.unlink()
    header = RecordingHeader("test", chosen.sha256(), recorded.to_text(chosen) if config else "")
    with path.open("wb") as file, closing(RecordingWriter(file, header)) as writer:
        if not began:
            writer.event(Started(1 * S, f"boot-{path.stem}", "test", ""))
        for number, gross in enumerate(gross_kg, start=began):
            at = (10 + 20 * number) * S
            writer.event(SerialBytes(at, "wim", a_vehicle(f"{path.stem}-{number}", gross)))
            writer.flush()
        writer.event(Stopped((60 + 20 * (began + len(gross_kg))) * S))
    return path


def a_corpus(folder: Path) -> Path:
    """Five recordings: two bridges, one of them a journal of two segments; one torn; one that is none."""
    a_recording(folder / "east" / "heavy.mcap", 9_000, 25_000, 31_000)
    a_recording(folder / "east" / "light.mcap", 8_000)
    a_recording(folder / "west" / "journal-00000001.mcap", 24_000, 12_000)
    a_recording(folder / "west" / "journal-00000002.mcap", 26_000, began=2)
    torn = a_recording(folder / "torn.mcap", 22_000, 23_000)
    torn.write_bytes(torn.read_bytes()[:-600])
    (folder / "words.mcap").write_text("no recording\n")
    return folder


GOOD = ["east/heavy.mcap", "east/light.mcap", "torn.mcap", "west"]
ALL = [*GOOD[:3], "west", "words.mcap"]


class Here:
    """Works in this process; may be interrupted after so many answers."""

    name = "here"

    def __init__(self, interrupted_after: int | None = None) -> None:
        self.left = interrupted_after
        self.asked: list[str] = []

    def answers(self, jobs: Iterable[Job], plan: Plan) -> Iterator[Answer]:
        for job in jobs:
            if self.left == 0:
                raise KeyboardInterrupt
            self.left = None if self.left is None else self.left - 1
            self.asked.append(job.recording)
            yield work(job, plan)


def a_plan(*settings: str, **more: object) -> Plan:
    """Each recording's own configuration, with these on top."""
    return Plan(program(), settings=settings, **more)


def a_run(
    folder: Path, out: Path, *settings: str, engine: Here | None = None, plan: Plan | None = None
) -> Ran:
    """Replay a corpus in this process."""
    kept, plan = RunFolder(out), plan or a_plan(*settings)
    with kept.opened(run_id(folder, plan)):
        ran = run(find(folder, leave_out=out), plan, engine or Here(), kept)
        write(out / SUMMARY, json.dumps(ran.summary()))
    return ran


def a_job(path: Path, recording: str = "") -> Job:
    """To replay one file."""
    return Job(recording or path.name, (str(path),), "0" * 64, "k", path.stat().st_size)
