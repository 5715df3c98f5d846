"""What is said of a serial line."""

from __future__ import annotations

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "serial.ok": Text(
        "线路正常：{protocol}，{baud} 波特，每秒 {rate_hz} 个采样，损坏 {damaged_permille}‰",
        "the line is good: {protocol} at {baud} baud, {rate_hz} samples a second, {damaged_permille} ‰ "
        "damaged",
    ),
    "serial.missing": Text(
        "没有 {device} 这个串口",
        "there is no {device}",
        "转换器未插入、已损坏，或换了名字：没有称重数据。",
        "The adapter is unplugged, dead, or has another name: nothing is weighed.",
        "插好 USB 转换器；用 `ls -l /dev/serial/by-id /dev/edge-agent` 查看实际名称，"
        "写入 ports 的 `device`。",
        "Plug the USB adapter in; `ls -l /dev/serial/by-id /dev/edge-agent` shows its name: put it into "
        "`device`",
    ),
    "serial.permission": Text(
        "没有权限打开 {device}",
        "no permission to open {device}",
        "服务账户不在 {group} 组内。",
        "The account is not in the group {group}.",
        "执行 `usermod -aG {group} edge-agent` 后重启服务；或安装 udev 规则，"
        "使用 /dev/edge-agent/ 下的固定名称。",
        "Run `usermod -aG {group} edge-agent`, then restart the service; or install the udev rules and use "
        "the stable name under /dev/edge-agent/.",
    ),
    "serial.busy": Text(
        "{device} 被其他程序占用：{holders}",
        "{device} is held by another program: {holders}",
        "两个程序同时读取会互相抢走数据。",
        "Two readers take each other's bytes.",
        "关闭占用的程序（常见：minicom、screen、ModemManager）。",
        "End that program (often minicom, screen, ModemManager).",
    ),
    "serial.shared": Text(
        "{device} 还被其他程序打开：{holders}",
        "{device} is open in another program too: {holders}",
        "两个程序同时读取会互相抢走数据，帧会残缺。",
        "Two readers take each other's bytes, and frames are torn.",
        "关闭该程序后再检查。",
        "End that program, then look again.",
    ),
    "serial.unreadable": Text(
        "无法读取 {device}：{problem}",
        "{device} cannot be read: {problem}",
        "没有称重数据。",
        "Nothing is weighed.",
        "检查线缆和转换器，必要时更换。",
        "Check cable and adapter; replace what is broken.",
    ),
    "serial.unreachable": Text(
        "连不上 {device}：{problem}",
        "{device} cannot be reached: {problem}",
        "没有称重数据。",
        "Nothing is weighed.",
        "检查串口服务器的电源、网线、地址和端口。",
        "Check the serial server: power, cable, address, port.",
    ),
    "serial.silent": Text(
        "{device} 在 {seconds} 秒内没有收到任何字节",
        "not one byte on {device} in {seconds} s",
        "仪表未通电、未设为连续输出，或接线（TXD/RXD、A/B）不对。",
        "The instrument is off, is not set to continuous output, or TXD/RXD (or A/B) are crossed.",
        "看仪表是否显示重量；把通讯方式设为连续发送；对调 A/B 或 TXD/RXD。",
        "See whether the indicator shows a weight; set it to continuous output; swap A/B or TXD/RXD.",
    ),
    "serial.waiting": Text(
        "{device} 在 {seconds} 秒内没有车辆记录",
        "no vehicle record on {device} in {seconds} s",
        "控制器只在有车通过时发送，因此无法判断。",
        "The controller speaks only when a vehicle passes: it cannot be judged now.",
        "让一辆车通过后再检查。",
        "Let a vehicle pass, then look again.",
    ),
    "serial.no_answer": Text(
        "{device} 上的仪表不回答（{protocol}，{baud} 波特）{problem}",
        "the instrument on {device} does not answer ({protocol}, {baud} baud) {problem}",
        "地址、波特率或 A/B 接线不对，或仪表未通电。",
        "Address, baud rate or A/B wiring is wrong, or the instrument is off.",
        "对照仪表菜单核对地址和波特率；对调 A/B。",
        "Compare address and baud rate with the instrument's menu; swap A/B.",
    ),
    "serial.wrong_baud": Text(
        "波特率不对：设置为 {baud}，仪表以 {right_baud} 发送（已试读成功）",
        "wrong baud rate: {baud} is configured, the instrument sends at {right_baud} (tried, and it reads)",
        "收到的全是乱码，没有称重数据。",
        "Nothing but rubbish arrives: nothing is weighed.",
        "把该端口的 baud 改为 {right_baud}。",
        "Set this port's `baud` to {right_baud}.",
    ),
    "serial.likely_baud": Text(
        "波特率很可能不对：设置为 {baud}，从收到的字节看像是 {right_baud}（其次 {next_baud}）",
        "the baud rate is likely wrong: {baud} is configured, the bytes look like {right_baud} (else "
        "{next_baud})",
        "收到的全是乱码，没有称重数据；服务占用线路，未能试读；只比较了相差 {furthest} 倍以内的速率。",
        "Nothing but rubbish arrives: nothing is weighed. The daemon holds the line, so nothing was tried; "
        "only "
        "rates within a factor of {furthest} were compared.",
        "对照仪表菜单，把 baud 改为 {right_baud}；或停止服务后再运行 doctor 以试读各速率。",
        "Compare with the instrument's menu and set `baud` to {right_baud}; or stop the service and run the "
        "doctor again: it then tries each rate.",
    ),
    "serial.wrong_baud_and_protocol": Text(
        "波特率和协议都不对：仪表以 {right_baud} 发送 {spoken} {options}，设置为 {baud}、{protocol}",
        "baud rate and protocol are wrong: the instrument sends {spoken} {options} at {right_baud}; "
        "{protocol} "
        "at {baud} is configured",
        "没有称重数据。",
        "Nothing is weighed.",
        "把 baud 改为 {right_baud}，protocol.kind 改为 {spoken}，并核对单位。",
        "Set `baud` to {right_baud} and protocol.kind to {spoken}, and check the unit.",
    ),
    "serial.wrong_framing": Text(
        "数据位或校验位不对：设置为 {configured}，收到的是 {framing}",
        "data bits or parity are wrong: {configured} is configured, {framing} arrives",
        "每个字节的最高位是校验位，帧无法识别。",
        "The top bit of every byte is a parity, and no frame is recognised.",
        "把该端口的 framing 改为 {framing}。",
        "Set this port's `framing` to {framing}.",
    ),
    "serial.wrong_protocol": Text(
        "协议不对：设置为 {protocol}，线上是 {spoken} 的帧",
        "wrong protocol: {protocol} is configured, the line carries frames of {spoken}",
        "没有称重数据。",
        "Nothing is weighed.",
        "把 protocol.kind 改为 {spoken}，对照仪表显示核对单位。",
        "Set protocol.kind to {spoken}, and check the unit against the indicator's display.",
    ),
    "serial.wrong_options": Text(
        "协议 {protocol} 的选项不对：线上的帧是 {options}",
        "options of {protocol} are wrong: the frames on the line have {options}",
        "没有称重数据。",
        "Nothing is weighed.",
        "在 protocol 下设置 {options}。",
        "Under `protocol` set {options}.",
    ),
    "serial.not_frames": Text(
        "{device} 收到 {bytes} 个字节，但没有任何已知的帧（{protocol}，{baud} 波特）",
        "{bytes} bytes on {device} and not one frame of any known kind ({protocol}, {baud} baud)",
        "波特率、协议或接线不对，或干扰严重：没有称重数据。",
        "Baud rate, protocol or wiring is wrong, or the line is full of noise: nothing is weighed.",
        "对照仪表菜单核对波特率和通讯方式；检查屏蔽层和接地。",
        "Compare baud rate and output mode with the instrument's menu; check shield and ground.",
    ),
    "serial.damaged": Text(
        "{damaged_permille}‰ 的帧损坏",
        "{damaged_permille} ‰ of the frames arrive damaged",
        "缺失的采样会使过车不可用于执法。",
        "A missing sample makes a crossing unfit for enforcement.",
        "检查插头、屏蔽层接地和线长；RS-232 不超过 15 米，更长改用 RS-485。",
        "Check plugs, the shield's ground and the length: RS-232 to 15 m, beyond that RS-485.",
    ),
    "serial.gaps": Text(
        "数据中断 {gaps} 次，最长 {gap_ms} 毫秒（限值 {gap_limit_ms}）",
        "the samples paused {gaps} times, {gap_ms} ms at the longest (limit {gap_limit_ms})",
        "中断期间的车轴可能漏掉。",
        "An axle that passes meanwhile may be missed.",
        "检查仪表是否同时在打印或被轮询、USB 是否休眠、本机负载是否过高。",
        "See whether the instrument prints or is polled as well, whether USB sleeps, whether this box is "
        "overloaded.",
    ),
    "serial.rate_differs": Text(
        "每秒 {rate_hz} 个采样，设置为 {nominal_hz}",
        "{rate_hz} samples a second, {nominal_hz} are configured",
        "采样会被放到错误的时刻，速度和重量随之出错。",
        "Samples are put at wrong times, and speeds and weights with them.",
        "在 protocol 下按仪表的实际输出频率设置。",
        "Under `protocol` state the rate that the instrument really sends at.",
    ),
    "serial.too_slow": Text(
        "每秒 {rate_hz} 个采样只够称 {fastest_kmh} km/h 以内的车；设置的上限是 {wanted_kmh} km/h",
        "{rate_hz} samples a second weigh vehicles up to {fastest_kmh} km/h; the envelope goes to "
        "{wanted_kmh} "
        "km/h",
        "更快的车只有参考结果（few_samples）。",
        "Faster vehicles are weighed for reference only (few_samples).",
        "把仪表输出频率提高到每秒 {wanted_hz} 次以上（必要时提高波特率、关闭显示滤波），或降低 "
        "speed_max_mm_s。",
        "Raise the instrument's output to {wanted_hz} a second (with a higher baud rate where needed, and "
        "its "
        "display filter off), or lower speed_max_mm_s.",
    ),
    "serial.latency": Text(
        "{device} 的 FTDI 延迟定时器是 {latency_ms} 毫秒",
        "the FTDI latency timer of {device} is {latency_ms} ms",
        "采样时刻会抖动同样多，影响车速。",
        "Sample times jitter by as much, and speeds with them.",
        "安装 udev 规则（scripts/install.sh），把 latency_timer 设为 1。",
        "Install the udev rules (scripts/install.sh), which set latency_timer to 1.",
    ),
    "serial.may_sleep": Text(
        "{device} 的 USB 允许自动休眠",
        "USB autosuspend is on for {device}",
        "转换器睡眠后会丢字节或断开。",
        "An adapter that falls asleep loses bytes, or goes away.",
        "安装 udev 规则（scripts/install.sh），或把该设备的 power/control 设为 on。",
        "Install the udev rules (scripts/install.sh), or write `on` to the device's power/control.",
    ),
}
