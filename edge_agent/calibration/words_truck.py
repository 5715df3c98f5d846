"""What a technician reads after a test truck's runs."""

from __future__ import annotations

from edge_agent.web.words import Texts

TEXTS: Texts = {
    "head": (
        "车道 {lane}：{name} 通过 {used} 次有效，{left_out} 次不计，其他车辆 {others} 辆",
        "lane {lane}: {used} passes of {name}, {left_out} left out, {others} other vehicles",
    ),
    "at_rest": ("静态称重 {gross:,} ± {interval} kg", "at rest it weighs {gross:,} ± {interval} kg"),
    "left_out": ("  第 {number} 次不计：{reason}", "  pass {number} left out: {reason}"),
    "all_speeds": (
        "全部速度的修正系数  {factor} ± {interval} %",
        "factor for all speeds  {factor} ± {interval} %",
    ),
    "speed": ("速度", "speed"),
    "runs": ("次数", "runs"),
    "factor": ("系数 %", "factor %"),
    "sd": ("标准差 %", "SD %"),
    "own": ("单独修正", "correction of its own"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "not_covered": ("没有通过，未覆盖", "no runs: not covered"),
    "errors": ("误差，%", "errors, %"),
    "mean_now": ("现均值", "mean now"),
    "sd_now": ("现标准差", "SD now"),
    "mean_then": ("后均值", "mean then"),
    "sd_then": ("后标准差", "SD then"),
    "needs": ("需要 ±", "needs ±"),
    "cost323_change": ("COST 323 现 -> 后", "COST 323 now -> then"),
    "gross_weight": ("总重", "gross weight"),
    "axle_group": ("轴组", "axle group"),
    "single_axle": ("单轴", "single axle"),
    "axle_of_group": ("轴组中的轴", "axle of a group"),
    "too_few": ("次数不足", "too few"),
    "cost323": (
        "COST 323：现在 {now}，采用建议后 {then}",
        "COST 323: {now} now, {then} with the proposal",
    ),
    "r134_vehicle": (
        "OIML R 134 整车质量：{reached} 级（每次通过都在限差内）",
        "OIML R 134, vehicle mass: class {reached} (every pass within its limit)",
    ),
    "r134_beyond": (
        "OIML R 134 整车质量：无等级（有通过超出最宽限差）",
        "OIML R 134, vehicle mass: no class (a pass lies beyond the widest limit)",
    ),
    "r134_axle": (
        "OIML R 134 轴荷：{reached} 级（限差未与原文核对）",
        "OIML R 134, axles: class {reached} (limits not checked against the text)",
    ),
    "no_verification": (
        "这里的等级只说明这些通过的结果，不是检定；检定由计量机构进行。",
        "A class here is what these passes show. It is no verification: that is the institute's.",
    ),
    "by_the_same": (
        "建议和等级出自同一批通过：采用后请再开几次，新的通过才能检验它。",
        "Proposal and classes come of the same passes: apply, then drive again; only new passes test it.",
    ),
    "speeds": (
        "通过的车速 {low:.0f}-{high:.0f} km/h；更慢或更快的车用同样的系数，未经检验。",
        "Speeds of the passes: {low:.0f}-{high:.0f} km/h; slower and faster vehicles get the same, untested.",
    ),
    "large": (
        "系数超过 {limit} %：请再核对过磅单（毛重还是净重？）、仪表的单位，然后才采用。",
        "More than {limit} %: look at the slip (gross or net?) and the indicator's unit before you apply it.",
    ),
    "proposed": ("建议：", "Proposed:"),
}
