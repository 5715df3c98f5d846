"""How a vehicle's plate was found, in words: how sure, what else it might have been, who competed."""

from __future__ import annotations

from edge_agent.core.match.rivals import Rivals
from edge_agent.core.records import MatchStatus
from edge_agent.core.units import US
from edge_agent.evidence.statement_bridge import Measurement, Recognition
from edge_agent.report.plates import masked
from edge_agent.report.saying import Say, Section, percent


def whose(recognised: Recognition, say: Say) -> str:
    """The answer in a sentence."""
    posterior = percent(recognised.posterior_ppm)
    if recognised.plate is not None:
        return say(
            f"号牌为 {recognised.plate.text}，此匹配的概率至少 {posterior}。",
            f"Its plate is {recognised.plate.text}; the probability of this match is at least {posterior}.",
        )
    if recognised.status is MatchStatus.AMBIGUOUS:
        return say(
            "号牌有多个候选，无一足够确定，因此不指认。",
            "Several plates may be its; none is sure enough, so none is named.",
        )
    return say("没有找到属于它的号牌，因此不指认。", "No plate was found to be its, so none is named.")


def plate_section(
    measured: Measurement, recognised: Recognition, say: Say, *, plates: bool, rivals: Rivals | None
) -> Section:
    """All of it."""
    expected = (recognised.predicted_monotonic_us - measured.first_axle_monotonic_us) / 1e6
    sd = recognised.predicted_sd_us / 1e6
    sentences = [
        say(
            f"按车速，它应在首轴之后 {expected:.2f} 秒到达识读线，标准差 {sd:.2f} 秒。",
            f"By its speed it was expected at the reading line {expected:.2f} s after its first axle, with a "
            f"standard deviation of {sd:.2f} s.",
        ),
    ]
    plate = recognised.plate
    if plate is not None:
        off = (plate.read_monotonic_us - recognised.predicted_monotonic_us) / 1e6
        apart = f"{abs(off):.2f}"
        when = (
            say(f"比预计早 {apart} 秒", f"{apart} s before that")
            if off < 0
            else say(f"比预计晚 {apart} 秒", f"{apart} s after that")
        )
        how = (
            say("由本机从录像识读", "read on the box in its own video")
            if plate.on_box
            else say("由相机推送", "pushed by the camera")
        )
        sentences.append(
            say(
                f"号牌 {plate.text} 的识读{when}，{how}；{plate.reads} 次识读中 "
                f"{plate.agreeing} 次一致，置信度 {plate.confidence_permille / 10:.1f} %。",
                f"Plate {plate.text} was read {when}, {how}; {plate.agreeing} of "
                f"{plate.reads} read(s) agree, confidence {plate.confidence_permille / 10:.1f} %.",
            )
        )
    sentences.append(
        say(
            f"最佳候选的概率 {percent(recognised.posterior_ppm)}，次优解释 "
            f"{percent(recognised.runner_up_ppm)}，没有任何识读属于它的概率 {percent(recognised.none_ppm)}。",
            f"The best candidate has {percent(recognised.posterior_ppm)}, the next best explanation "
            f"{percent(recognised.runner_up_ppm)}; that no read at all is its has "
            f"{percent(recognised.none_ppm)}.",
        )
    )
    sentences.append(
        say(
            "概率只说这次识读是谁的，不保证号牌文字识读正确。",
            "That says whose the read is, not that its characters were read rightly.",
        )
    )
    if recognised.late:
        sentences.append(
            say("这是迟到的识读之后重新得出的结论。", "This was decided anew after a read that came late.")
        )
    sentences += _others(recognised, say, plates=plates)
    sentences += _crowd(measured, rivals, say)
    seen = {
        True: ("照片中车道内有车。", "A vehicle stood in the lane in the pictures."),
        False: ("照片中车道内未见车。", "No vehicle was seen in the lane in the pictures."),
        None: (
            "没有检查照片中车道内是否有车。",
            "Nobody looked whether a vehicle stood in the lane in the pictures.",
        ),
    }
    sentences.append(say(*seen[recognised.vehicle_confirmed]))
    return Section(say("号牌", "The plate"), tuple(sentences))


def _others(recognised: Recognition, say: Say, *, plates: bool) -> list[str]:
    named = recognised.plate.read if recognised.plate else ""
    others = [candidate for candidate in recognised.candidates if candidate.plate.read != named]
    if not others:
        return [say("记录中没有其他候选。", "The statement lists no other candidate.")]
    unreadable = say("读不出的号牌", "an unreadable plate")
    told = [
        f"{(c.plate.text if plates else masked(c.plate.text)) or unreadable} {percent(c.posterior_ppm)}"
        for c in others
    ]
    listed = "；".join(told) if say.chinese else "; ".join(told)
    note = (
        ""
        if plates
        else say(
            "（他人号牌已遮挡，--plates 显示）", " (other people's plates are masked; --plates shows them)"
        )
    )
    more = f" +{recognised.candidates_left_out}" if recognised.candidates_left_out else ""
    return [say(f"其他候选：{listed}{more}{note}。", f"Other candidates: {listed}{more}{note}.")]


def _crowd(measured: Measurement, rivals: Rivals | None, say: Say) -> list[str]:
    """Who else competed, where a recording tells."""
    if rivals is None:
        return [
            say(
                "同时竞争的其他过车不在记录中；用 --journal 指向录制可得。",
                "Which other crossings competed is not in the statement; --journal with the recording tells.",
            )
        ]
    others = [
        c
        for c in rivals.crossings
        if c.crossing.lane != measured.lane
        or c.crossing.first_axle_at // US != measured.first_axle_monotonic_us
    ]
    reads = len(rivals.seen)
    if not others:
        return [
            say(
                f"录制显示：没有其他过车与它竞争，窗口内有 {reads} 辆车的识读。",
                f"The recording shows: no other crossing competed with it; {reads} vehicle(s) were read in "
                "the window.",
            )
        ]
    return [
        say(
            f"录制显示：另有 {len(others)} 次过车与它竞争 {reads} 辆车的识读，全部一并计算。",
            f"The recording shows: {len(others)} other crossing(s) competed with it for {reads} vehicle(s) "
            "that were read; all were reckoned together.",
        )
    ]
