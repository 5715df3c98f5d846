"""What the doctor says of the clock."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "clock.ok": Text(
        "时钟已同步（{source}），偏差 {offset_ms} 毫秒，误差上限 {error_ms} 毫秒",
        "synced ({source}), {offset_ms} ms off, error at most {error_ms} ms",
    ),
    "clock.behind": Text(
        "时钟显示 {now}，早于已发生之事（{what_zh}：{at}）",
        "the clock says {now}, which is before something that has happened ({what_en}: {at})",
        "时间一定是错的。此时封存的证据时间不可信，平台会发现矛盾。",
        "The time is wrong for certain. Evidence sealed now has a wrong time.",
        "检查网络校时（`chronyc tracking`、`chronyc sources`），或用 `sudo date -s` 设定时间，再更换 RTC "
        "电池。",
        "Check `chronyc tracking` and `chronyc sources`, or set the time with `sudo date -s`; then look at "
        "the "
        "RTC's battery.",
    ),
    "clock.unsynced": Text(
        "没有任何时间源为时钟作保",
        "nobody vouches for the time",
        "所有记录只能是“参考”，不能用于执法。",
        "Every statement is `reference`, none can be used for enforcement.",
        "安装并启动 chrony，检查 `chronyc sources` 是否能连到时间服务器；配置项 `clock.source` 不应为 none。",
        "Install and start chrony; see with `chronyc sources` whether its servers answer; `clock.source` "
        "must "
        "not be none.",
    ),
    "clock.error_large": Text(
        "时钟误差可达 {error_ms} 毫秒，偏差 {offset_ms} 毫秒，上限 {max_ms} 毫秒",
        "the error may be {error_ms} ms beside {offset_ms} ms of offset; at most {max_ms} ms are allowed",
        "GA/T 832 要求不超过 1.0 秒；超出时记录只能是“参考”。",
        "GA/T 832 wants 1.0 s or better; beyond it every statement is `reference`.",
        "选更近的时间服务器，或等 chrony 收敛几分钟后再检查。",
        "Choose a nearer time server, or wait some minutes for chrony and look again.",
    ),
    "clock.offset": Text(
        "时钟偏差 {offset_ms} 毫秒，正在校正",
        "{offset_ms} ms off, being corrected",
        "在上限之内，但偏大；刚开机时正常。",
        "Within the limit but large; normal right after a start.",
        "十分钟后再检查；仍然如此则检查时间服务器。",
        "Look again in ten minutes; if it stays, check the time server.",
    ),
    "clock.no_rtc": Text(
        "没有实时时钟（RTC）",
        "there is no real-time clock",
        "断电后且无网络时，时间从错误的日期开始；在校时之前，记录只能是“参考”。",
        "After a power cut without a network the time begins at a wrong date; until it is set again "
        "statements "
        "are `reference`.",
        "加装带电池的 RTC 模块（如 DS3231），或 GNSS 时间源。",
        "Fit an RTC with a battery (such as a DS3231), or a GNSS receiver.",
    ),
}
