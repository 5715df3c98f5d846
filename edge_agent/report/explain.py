"""A statement in words, for a person who was not there: what was seen, how sure, what follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.match.rivals import Rivals
from edge_agent.core.records import UseClass
from edge_agent.devices.pictures.words import ROLES
from edge_agent.evidence.statement import Statement
from edge_agent.report.explain_bridge import bridge_sections
from edge_agent.report.explain_records import record_sections
from edge_agent.report.explain_street import street_sections
from edge_agent.report.reasons import reason_in_words
from edge_agent.report.saying import Say, Section
from edge_agent.report.times import stamp
from edge_agent.report.words import KIND, KIND_EN, ROLE


@dataclass(frozen=True, slots=True)
class Asked:
    """How it is to be told."""

    language: str  # zh | en
    plates: bool = False  # name other people's plates
    rivals: Rivals | None = None  # who competed for the plate, where a recording tells
    signed: bool = True  # the file was an envelope; else it is a replay's
    verified: bool | None = None  # whether its signature is good; None: nobody looked


def explain(statement: Statement, asked: Asked) -> list[Section]:
    """Any valid statement; at least one sentence of its own for each kind."""
    say = Say(asked.language)
    return [section for section in _sections(statement, asked, say) if section.sentences or section.figures]


def _sections(statement: Statement, asked: Asked, say: Say) -> Iterator[Section]:
    if statement.measurement is not None:
        yield from bridge_sections(statement, say, plates=asked.plates, rivals=asked.rivals)
    elif statement.storefront is not None:
        yield from street_sections(statement, say)
    elif statement.record is not None:
        yield from record_sections(statement, say)
    else:
        yield _of_kind_alone(statement, say)
    if statement.legal is not None:
        yield _pictures(statement, say)
        yield _use(statement, say)
    yield _not_said(statement, say)
    yield _origin(statement, asked, say)


def kind_in_words(statement: Statement, say: Say) -> str:
    """What it is about."""
    kind = statement.kind.value
    return KIND.get(kind, kind) if say.chinese else KIND_EN.get(kind, kind.replace("_", " "))


def _of_kind_alone(statement: Statement, say: Say) -> Section:
    kind = kind_in_words(statement, say)
    plate = statement.recognition.plate if statement.recognition else None
    sentences = [
        say(
            f"这是一条{kind}，没有称重也没有街面观察。",
            f"This is a record of kind {kind}, without a weighing or a look at a street.",
        )
    ]
    if plate is not None:
        sentences.append(say(f"识读的号牌为 {plate.text}。", f"The plate that was read is {plate.text}."))
    return Section(say("结论", "In short"), tuple(sentences))


def _pictures(statement: Statement, say: Say) -> Section:
    pictures = [a for a in statement.attachments if a.media_type.startswith("image/") and a.parent is None]
    copies = sum(1 for a in statement.attachments if a.parent is not None)
    sentences = []
    if pictures:
        names = [ROLES.get(a.role) or ROLE.get(a.role, a.role) for a in pictures]
        roles = "、".join(names) if say.chinese else ", ".join(a.role.replace("_", " ") for a in pictures)
        sentences.append(
            say(
                f"所附原图 {len(pictures)} 张：{roles}。",
                f"{len(pictures)} original picture(s) belong to it: {roles}.",
            )
        )
    else:
        sentences.append(say("没有照片。", "There are no pictures."))
    if copies:
        sentences.append(
            say(
                f"另有由原图制作的副本 {copies} 张（标注或遮挡），原图本身不含标注。",
                f"{copies} copies were made of them (marked or masked); the originals bear no marks.",
            )
        )
    if statement.missing:
        sentences.append(
            say(
                f"有 {len(statement.missing)} 张已拍摄但未能保存。",
                f"{len(statement.missing)} more were taken and could not be kept.",
            )
        )
    return Section(say("照片", "Pictures"), tuple(sentences))


CLASSES = {
    UseClass.ENFORCEMENT: (
        "用途为“执法候选”：站点、时钟、计量、识别与照片的条件都已满足，仍须由人审核。",
        (
            "Its use class is enforcement: site, clock, weight, identification and pictures are in order. "
            "It is still for a person to review."
        ),
    ),
    UseClass.REFERENCE: (
        "用途为“仅供参考”：不得据此处罚。原因如下，逐条写明需要什么。",
        "Its use class is reference: nobody may be fined on it. Why, and what each would take:",
    ),
    UseClass.TEST: (
        "用途为“测试”：它来自测试站点、模拟或回放，永远不能变成别的用途。",
        (
            "Its use class is test: it comes of a test site, a simulation or a demonstration, and can never "
            "become "
            "anything else."
        ),
    ),
}


def _use(statement: Statement, say: Say) -> Section:
    legal = statement.legal
    assert legal is not None
    sentences = [say(*CLASSES[legal.use_class])]
    if legal.use_class is UseClass.TEST and legal.reasons:
        sentences.append(say("此外，下列条件也未满足：", "Besides, this is not in order:"))
    for key in legal.reasons:
        reason = reason_in_words(key)
        takes = say(reason.takes_zh, reason.takes_en)
        why = say(reason.why_zh, reason.why_en)
        sentences.append(f"• {why}" + (say(f"；需要：{takes}", f". It would take: {takes}") if takes else ""))
    return Section(say("用途", "What it may be used for"), tuple(sentences))


def _not_said(statement: Statement, say: Say) -> Section:
    sentences = (
        [
            say(
                "它不认定任何人有过错，只说观察或测量到了什么；如何处理由人决定。",
                "It does not say that anybody did wrong: it says what was observed or measured. What "
                "follows is for a person to decide.",
            )
        ]
        if statement.legal
        else []
    )
    if statement.measurement is not None:
        sentences.append(
            say(
                "它不说谁在驾驶、谁是车主、装的是什么货，也没有核查许可。",
                "It does not say who drove, who owns the vehicle or what was loaded; no permit was checked.",
            )
        )
        sentences.append(say("它不计算任何金额。", "It does not compute any sum of money."))
    if statement.storefront is not None:
        sentences.append(
            say(
                "它不说物品是谁的、谁放的；店铺只因区域配置而提到。",
                "It does not say whose the goods are or who put them there; the shop is named because the "
                "zone is configured as its.",
            )
        )
    sentences.append(
        say(
            "签名只证明这台设备这样说过，不证明所说属实。",
            "A signature proves that this box said so, not that what it said is true.",
        )
    )
    return Section(say("它没有说的", "What it does not say"), tuple(sentences))


SIGNATURE = {
    None: (
        "这里没有核验签名；请用 edge-agent verify。",
        "The signature is not checked here; edge-agent verify does that.",
    ),
    True: ("签名已核验，见本页“核验”。", "The signature was checked and is good; see what was checked."),
    False: (
        "核验未通过：不要采信以上内容，见本页“核验”。",
        "It did not verify: do not believe what stands above; see what was checked.",
    ),
}


def _origin(statement: Statement, asked: Asked, say: Say) -> Section:
    chain, time = statement.chain, statement.time
    sentences = []
    if not statement.keyid or not asked.signed:
        sentences.append(
            say(
                "此记录没有签名：它来自回放，不是证据。",
                "Nobody signed this: it comes from a replay and is no evidence.",
            )
        )
    else:
        sentences.append(say(*SIGNATURE[asked.verified]))
    if statement.links.amends is not None:
        sentences.append(
            say(
                f"它取代先前的记录 {statement.links.amends}，先前的仍保留。",
                f"It takes the place of {statement.links.amends}, which stays.",
            )
        )
    figures = [
        (say("设备", "Box"), f"{statement.device_id} · {statement.site_id}"),
        (say("链条", "Chain"), f"epoch {chain.epoch[:8]}, seq {chain.seq}"),
        (
            say("事件时间", "When it happened"),
            stamp(time.event_utc_us) if time.event_utc_us is not None else say("未知", "not known"),
        ),
        (say("封存时间", "When it was sealed"), stamp(time.sealed_utc_us)),
        (say("时钟", "Clock"), _clock(statement, say)),
        (say("软件", "Software"), statement.software.agent_version),
        (say("配置", "Configuration"), f"{statement.software.config_sha256[:16]}…"),
    ]
    return Section(say("来历", "Where it comes from"), tuple(sentences), tuple(figures))


def _clock(statement: Statement, say: Say) -> str:
    time = statement.time
    synced = say("已同步", "synchronised") if time.synced else say("未同步", "not synchronised")
    if time.est_error_us is None:
        return f"{time.source.value}, {synced}, " + say("误差未知", "error not known")
    return f"{time.source.value}, {synced}, " + say(
        f"误差约 {time.est_error_us / 1000:.0f} ms", f"error about {time.est_error_us / 1000:.0f} ms"
    )
