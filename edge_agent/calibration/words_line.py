"""What a technician reads of the distance to the camera's reading line."""

from __future__ import annotations

from edge_agent.web.words import Texts

TEXTS: Texts = {
    "head": (
        (
            "车道 {lane}，摄像机 {camera}：{crossings} 辆车，{paired} 辆单独通过且只有一个车牌读数，"
            "用了 {used} 辆，舍去 {left_out} 辆"
        ),
        (
            "lane {lane}, camera {camera}: {crossings} vehicles, {paired} alone with a single read; "
            "{used} used, {left_out} left out"
        ),
    ),
    "distance": (
        "到识读线的距离  配置 {configured} mm  实测 {found} ± {interval} mm",
        "distance to the reading line  configured {configured} mm  found {found} ± {interval} mm",
    ),
    "delay": (
        "读数的时延      配置 {configured} ms  实测 {found} ± {interval} ms",
        "delay of its reads            configured {configured} ms  found {found} ± {interval} ms",
    ),
    "agrees": ("配置与实测一致：不建议更改。", "What is configured agrees with it: nothing is proposed."),
    "proposed": (
        "建议：distance_mm {distance}，offset_ms {offset}",
        "Proposed: distance_mm {distance}, offset_ms {offset}",
    ),
    "reported": (
        "通过后最迟 {found} ms 得出结果；match.report_delay_ms 为 {configured}。",
        "A crossing was reported within {found} ms; match.report_delay_ms is {configured}.",
    ),
    "reported_late": (
        "通过后最迟 {found} ms 才得出结果，超过 match.report_delay_ms（{configured}）：请把它调大。",
        "A crossing took {found} ms to be reported; match.report_delay_ms is {configured}: make it larger.",
    ),
}
