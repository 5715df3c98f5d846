"""What a replay found, for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edge_agent.config.settings import SiteConfig
from edge_agent.journal.compare import Difference
from edge_agent.replaying.what_if import Change

MOST_CHANGES = 20


def say(
    result: Mapping[str, Any],
    changes: Sequence[Change],
    difference: Difference | None,
    out: Path,
    site: SiteConfig,
) -> None:
    """Print it."""
    if result["interrupted"]:
        print("INTERRUPTED: what follows is what was done until then")
    _say_changes(changes)
    if result["configurations"] > 1:
        print(f"{result['configurations']} configurations in these recordings, each replayed with its own")
    print(f"{result['events']} events over {result['recorded_s']} s, in {result['took_s']} s", end="")
    print(f" ({result['times_real_time']} x real time)")
    _say_asked(result["asked"])
    _say_found(result, site)
    print(f"{result['decisions']} decisions, {result['statements']} statements (unsigned) in {out}")
    if changes:
        print("what-if: none of it happened and none is evidence; every statement says so (ext.replay)")
    if result["refused"]:
        print(f"REFUSED: no statement could be made of {result['refused']} case(s), the log above says why")
    for torn in result["torn"]:
        print(f"torn: {torn}; what came before it was replayed")
    if result["published"]:
        _say_published(result["published"])
    if result["cold"]:
        print("cold: the core had seen nothing before --from; what it decides may differ from the whole run")
    _say_compared(result, difference)


def _say_compared(result: Mapping[str, Any], difference: Difference | None) -> None:
    for reason in result["incomplete"]:
        print(f"incomplete: {reason}")
    if result["incomplete"] and result["compared_with_live"]:
        part = f"part at decision {difference.number}, as they may" if difference else "are the same so far"
        print(f"the recording lacks what the core saw: its decisions and those made live {part}")
    elif difference is not None:
        print(f"DIFFERS from what was recorded live, first at decision {difference.number}:")
        live, replayed = difference.excerpts()
        print(f"  live   {live or '(nothing)'}")
        print(f"  replay {replayed or '(nothing)'}")
    elif result["compared_with_live"]:
        print("identical to the decisions recorded live, byte for byte")


def _say_changes(changes: Sequence[Change]) -> None:
    if not changes:
        return
    print("other than in the recording's configuration:")
    for change in changes[:MOST_CHANGES]:
        print(f"  {change}")
    if len(changes) > MOST_CHANGES:
        print(f"  ... and {len(changes) - MOST_CHANGES} more (--json has all)")


def _say_asked(asked: Mapping[str, Any]) -> None:
    words = {"from": "from", "to": "up to"}
    window = [f"{word} {asked[key]}" for key, word in words.items() if asked[key]]
    parts = [f"{kind} {name}" for kind in ("lane", "zone") for name in asked[f"{kind}s"]]
    if window or parts:
        print(
            " ".join(["of what was decided", *window, *(["of"] if parts else []), ", ".join(parts)]).rstrip()
            + ":"
        )


def _say_found(result: Mapping[str, Any], site: SiteConfig) -> None:
    cases, street = (
        ", ".join(f"{count} {what}" for what, count in result[side].items()) or "none"
        for side in ("cases", "street")
    )
    if site.lanes:
        print(f"{result['crossings']} crossings, {result['over_a_limit']} over a limit; cases: {cases}")
    if site.street is not None:
        print(f"street records: {street}; {result['suspects']} suspect(s), which are no case")
    for what, count in result["faults"].items():
        print(f"fault: {what}, {count} times")
    expected = result["events"] and not any(result["asked"].values()) and not result["identical"]
    if site.lanes and expected and not result["crossings"]:
        print("no crossing: is this the configuration of the site that the recording was made at?")


def _say_published(published: Mapping[str, Any]) -> None:
    done, sealed = published["published"], published["sealed"]
    print(
        f"use class test, {published['topics']}: {sealed} sealed, {done} published, "
        f"{published['receipted']} receipted"
    )
    if published["refused"]:
        print(f"  {published['refused']} not sealed")
    if published["rejected"]:
        print(f"  {published['rejected']} rejected by the platform")
    if done < sealed and published["unheard"]:
        print(f"  NOT PUBLISHED: nobody has subscribed to {published['topics']}/stmt; the broker drops them")
    elif done < sealed:
        print("  NOT PUBLISHED: the broker did not take all of them in time")
