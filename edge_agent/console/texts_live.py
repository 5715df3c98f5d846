"""Texts of the live page."""

from __future__ import annotations

from edge_agent.web.words import Texts

LIVE: Texts = {
    "live_title": ("实时状态", "Live"),
    "health": ("设备状态", "Health"),
    "level_ok": ("一切正常", "All is well"),
    "level_degraded": ("部分异常", "Something is not well"),
    "level_fault": ("故障", "Fault"),
    "state_degraded": ("异常", "not itself"),
    "state_blind": ("无数据", "blind"),
    "state_stuck": ("停滞", "stuck"),
    "state_fault": ("故障", "fault"),
    "state_unknown": ("尚无数据", "nothing heard yet"),
    "clock_synced": (
        "{time}（{source} 校时，误差不超过 {error} ms）",
        "{time} ({source}, wrong by {error} ms at most)",
    ),
    "clock_unbounded": ("{time}（{source} 校时，误差未知）", "{time} ({source}, error unknown)"),
    "clock_unsynced": ("{time}（未校时，不可信）", "{time} (nobody vouches for it)"),
    "chain_is": (
        "证据链 seq {seq}；{pending} 条待回执，最早 {oldest}；丢失 {lost}",
        "Chain seq {seq}; {pending} without receipt, oldest {oldest}; lost {lost}",
    ),
    "chain_unknown": ("证据库忙或不可用", "The evidence store is busy or away"),
    "ago": ("{time} 前", "{time} ago"),
    "no_contact": ("与设备失去联系，正在重试……", "The box does not answer; trying again …"),
    "paused": ("页面在后台，已暂停更新。", "Paused while this page is in the background."),
    "needs_script": ("实时数据需要浏览器启用 JavaScript。", "Live figures need JavaScript."),
    # Scales
    "scales": ("称重波形", "Weigh traces"),
    "trace_of": ("车道 {lane} 最近 20 秒各传感器载荷", "Load on each sensor of lane {lane}, last 20 s"),
    "last_passage": ("最近一辆车的完整波形", "The last vehicle's full trace"),
    "no_passage": ("启动后尚无车辆通过。", "No vehicle since the start."),
    "no_trace": (
        "此车道由称重控制器自行称重，没有波形。",
        "This lane's controller weighs by itself: there is no trace.",
    ),
    "trace_axes_x": ("秒，自首轴起", "s from the first axle"),
    "trace_axes_y": ("吨", "t"),
    "load_now": ("当前", "now"),
    # Vehicles
    "vehicles": ("最近车辆", "Last vehicles"),
    "time": ("时间", "Time"),
    "lane": ("车道", "Lane"),
    "axles": ("轴数", "Axles"),
    "gross": ("总重 t", "Gross t"),
    "speed": ("车速 km/h", "Speed km/h"),
    "flags": ("标记", "Flags"),
    "verdict": ("判定", "Verdict"),
    "use_class": ("用途", "Use class"),
    "plate": ("号牌", "Plate"),
    "plate_not_kept": ("未判为超限，不保留", "over no limit: none kept"),
    "plate_waiting": ("匹配中", "being matched"),
    "plate_matched": ("已匹配", "matched"),
    "plate_ambiguous": ("多个候选，未指认", "several candidates, none named"),
    "plate_unmatched": ("未匹配到号牌", "no plate matched"),
    "no_vehicles": ("启动后尚无车辆。", "No vehicle since the start."),
    # The street
    "street": ("沿街区域", "Street"),
    "shop": ("商户", "Shop"),
    "zone": ("区域", "Zone"),
    "case": ("案件", "Case"),
    "seen": ("所见", "Seen"),
    "dwell": ("累计时长", "Dwell"),
    "asked": ("规则时限", "Rule asks"),
    "looked": ("上次查看", "Last look"),
    "no_shop": ("不属商户", "no shop's"),
    # Cameras
    "cameras": ("相机", "Cameras"),
    "picture_of": ("相机 {camera} 的当前画面", "Picture of camera {camera}"),
    "watch": ("显示画面", "Show picture"),
    "no_picture": ("暂无画面", "No picture now"),
    "boxes": ("检测框", "boxes"),
}
