"""Texts of the accepted pictures of clear pavement."""

from __future__ import annotations

from edge_agent.devices.scene.bank import CONDITIONS
from edge_agent.web.words import Texts

_LIGHT = {
    "day": ("晴天", "sun"),
    "overcast": ("阴天", "overcast"),
    "dusk": ("黄昏", "dusk"),
    "night": ("夜间", "night"),
}
_GROUND = {"dry": ("地面干", "dry"), "wet": ("地面湿", "wet")}


def _condition(name: str) -> tuple[str, str]:
    light, ground = name.split("-")
    return f"{_LIGHT[light][0]}，{_GROUND[ground][0]}", f"{_LIGHT[light][1]}, {_GROUND[ground][1]}"


REFERENCES: Texts = {
    **{f"condition_{name}": _condition(name) for name in CONDITIONS},
    "nav_references": ("基准图", "References"),
    "references_title": ("空地基准图", "Pictures of the clear pavement"),
    "references_intro": (
        "系统把画面与您认可的“空地”基准图比较。每种光线和地面状况各认可一张：晴、阴、黄昏、夜间；干、湿。",
        (
            "What the cameras see is compared with pictures of the clear pavement that you accepted: one for"
            " each"
            " light and ground."
        ),
    ),
    "references_none": (
        "还没有认可的基准图：在此之前该相机不作判断。",
        "Nothing accepted yet: the camera judges nothing until then.",
    ),
    "references_no_street": ("本设备没有街面相机。", "This box has no street camera."),
    "references_take": ("取当前画面作候选", "Take the live picture as a candidate"),
    "references_by": ("{by}，{at}", "{by}, {at}"),
    "references_from": ("来源：{origin}", "from {origin}"),
    "references_median": ("中值图", "median"),
    "references_past": ("已被替换（{n}）", "Replaced ({n})"),
    "references_replaced": ("被 {id} 替换", "replaced by {id}"),
    "references_open": ("查看 {id} 原图", "Open {id} at full size"),
    "references_picture_of": ("相机 {camera} 的基准图 {id}", "Reference {id} of camera {camera}"),
    "references_candidate": ("候选基准图：相机 {camera}", "Candidate for camera {camera}"),
    "references_look": (
        "请仔细看绿线内的地面：应当没有人、车、货物和摊位。认可后，图上已有的东西不会再被当作占道物品。",
        (
            "Look closely at the ground within the green lines: no people, vehicles, goods or stalls."
            " Whatever is in"
            " an accepted picture is never taken for goods later."
        ),
    ),
    "references_against": ("有以下疑问：", "What speaks against it:"),
    "references_fine": (
        "自动检查没有发现问题。仍请您亲眼确认。",
        "The checks found nothing. Look at it yourself all the same.",
    ),
    "references_condition": ("光线与地面", "Light and ground"),
    "references_choose": ("请选择", "choose"),
    "references_beside": (
        "与同一状况的旧图并用（例如一天中不同时刻的影子），不替换",
        "Keep the earlier ones of this condition too (shadows of another hour)",
    ),
    "references_reason": (
        "仍要认可的理由（写入证据链）",
        ("Why it is accepted all the same (goes into the chain)"),
    ),
    "references_your_name": ("您的姓名", "Your name"),
    "references_looked": (
        "我已看过原图，绿线内是空地",
        "I have looked at it: the ground within the green lines is clear",
    ),
    "references_accept": ("认可为基准图", "Accept as the clear pavement"),
    "references_other": ("重新取图", "Take another picture"),
    "references_full": ("查看原图", "Open at full size"),
    "references_no_condition": ("请选择光线与地面状况。", "Choose the light and the ground."),
    "references_no_name": ("请填写您的姓名。", "Say who you are."),
    "references_not_looked": ("请确认您已看过原图。", "Confirm that you have looked at it."),
    "references_no_reason": (
        "有疑问的图要写明认可的理由（至少 5 个字）。",
        "Something speaks against it: say in five letters or more why you accept it.",
    ),
    "references_not_kept": (
        "没能保存，未作改动：请查看设备日志。",
        "It could not be kept; nothing has changed: see the box's log.",
    ),
    "references_no_picture": ("没有取到画面：{detail}", "No picture came: {detail}"),
    "references_accepted": ("已认可 {id}", "Accepted: {id}"),
    "references_in_use": (
        "几秒钟内自动启用，无需重启。谁在何时认可、图片的 SHA-256 已写入证据链。",
        (
            "It is in use within seconds, without a restart. Who accepted it, when, and its SHA-256 go into"
            " the chain."
        ),
    ),
    "references_all": ("回到全部基准图", "Back to all pictures"),
}
