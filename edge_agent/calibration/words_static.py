"""What a technician reads of an empty scale, and of loads that stand on it."""

from __future__ import annotations

from edge_agent.web.words import Texts

TEXTS: Texts = {
    "zero_head": (
        "车道 {lane}：空载 {unloaded:.0f} 秒，有车 {loaded:.0f} 秒",
        "lane {lane}: {unloaded:.0f} s unloaded, {loaded:.0f} s with something on it",
    ),
    "sensor": ("传感器", "sensor"),
    "side": ("侧", "side"),
    "channel": ("通道", "channel"),
    "left": ("左", "left"),
    "right": ("右", "right"),
    "both": ("左右", "both"),
    "middle": ("中间", "middle"),
    "level": ("零点 kg", "zero kg"),
    "noise": ("噪声 kg", "noise kg"),
    "drift": ("漂移 kg/h", "drift kg/h"),
    "zero_holds": (
        "零点跟踪正常：空载与跟踪零点相差最多 {worst:.1f} kg，允许 {limit:.0f} kg；零点范围已用 {used} %。",
        (
            "Zero tracking holds: off by {worst:.1f} kg at most, {limit:.0f} kg are allowed; {used} % of the "
            "zero's range is used."
        ),
    ),
    "zero_fails": (
        (
            "零点跟踪不正常：空载与跟踪零点相差 {worst:.1f} kg，允许 {limit:.0f} kg；"
            "零点范围已用 {used} %；{events}。"
        ),
        (
            "Zero tracking does NOT hold: off by {worst:.1f} kg, {limit:.0f} kg are allowed; {used} % of the "
            "zero's range is used; {events}."
        ),
    ),
    "look_for": (
        "请检查：传感器上的石块、接头进水、供电、接地。",
        "Look for a stone on the sensor, water in a joint, the supply, the earth.",
    ),
    "no_events": ("无事件", "no events"),
    "suspect": ("空载偏离零点", "the empty scale read off zero"),
    "below": ("空载低于零点", "the empty scale read below zero"),
    "recovered": ("已恢复", "it recovered"),
    "nothing_proposed": (
        "零点由程序自动跟踪，不建议任何更改。",
        "The scale tracks its zero by itself: nothing is proposed.",
    ),
    "span_head": (
        "车道 {lane}：{steps} 步，标准载荷：{reference}",
        "lane {lane}: {steps} steps, loads: {reference}",
    ),
    "factor": ("系数 %", "factor %"),
    "loads": ("加载次数", "loads"),
    "largest": ("最大 kg", "largest kg"),
    "linearity": ("线性 ‰", "linearity ‰"),
    "hysteresis": ("滞后 ‰", "hysteresis ‰"),
    "return": ("回零 kg", "return kg"),
    "corner": ("偏载 ‰ 现 -> 后", "corner ‰ now -> then"),
    "not_separate": (
        "{sensor}：加载位置不足以区分各通道，整个传感器用同一系数。",
        "{sensor}: the loads' places do not tell its channels apart; one factor for all of it.",
    ),
    "indicator": (
        "仪表直接输出质量：各通道只能在仪表中标定，这里只建议车道系数 {factor} %。",
        "The indicator sends mass and scales its channels itself: proposed is the lane's factor, {factor} %.",
    ),
    "then_truck": (
        "这是静载的结果，速度修正已清除：请再用检验车标定（calibrate truck）。",
        "This is the scale at rest, corrections by speed are cleared: next the test truck (calibrate truck).",
    ),
    "proposed": ("建议：", "Proposed:"),
    "put": (
        "把 {kg:g} kg 放在 {sensor} {side}，然后按回车",
        "Put {kg:g} kg on {sensor} {side}, then press Enter",
    ),
    "clear": ("清空 {sensor}，然后按回车", "Clear {sensor}, then press Enter"),
    "reading": ("  读取 {seconds:g} 秒……", "  reading for {seconds:g} s ..."),
    "shown": ("  显示 {kg:.1f} kg（各通道 {channels}）", "  it shows {kg:.1f} kg (channels {channels})"),
    "unsteady": ("  读数未稳定，再读一次", "  not steady yet, reading again"),
    "never_steady": (
        "读数一直不稳定：{sensor}。请等它静止，检查是否有风或车辆经过。",
        "{sensor} does not come to rest: wait, look for wind or passing vehicles.",
    ),
}
