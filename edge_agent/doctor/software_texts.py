"""What the doctor says of software, daemon and configuration."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "software.ok": Text(
        "版本 {version}，Python {python}，所需的库都能加载", "{version}, Python {python}; its libraries load"
    ),
    "software.library": Text(
        "{module} 不能加载（{purpose}）：{why}",
        "{module} does not load ({purpose}): {why}",
        "程序不能启动，或没有视频。",
        "The daemon does not start, or there is no video.",
        "`sudo apt-get install {package}`",
        "`sudo apt-get install {package}`",
    ),
    "software.module": Text(
        "{module} 不能加载（{purpose}）：{why}",
        "{module} does not load ({purpose}): {why}",
        "程序不能启动，或没有视频。",
        "The daemon does not start, or there is no video.",
        "安装不完整：再运行一次 `scripts/install.sh`。",
        "The installation is not whole: run `scripts/install.sh` again.",
    ),
    "software.python": Text(
        "Python {found}，本软件要求 {allowed}",
        "Python {found}; this software is made for {allowed}",
        "未在此版本上测试过。",
        "It was not tested with this version.",
        "再运行一次 `scripts/install.sh`，它会自带合适的 Python。",
        "Run `scripts/install.sh` again with a Python of that range.",
    ),
    "software.differs": Text(
        "本命令的版本是 {own}，正在运行的程序是 {daemon}",
        "this command is {own}, the daemon that runs is {daemon}",
        "升级后程序没有重启。",
        "The daemon was not restarted after an upgrade.",
        "`sudo systemctl restart edge-agent`",
        "`sudo systemctl restart edge-agent`",
    ),
    "daemon.ok": Text("已运行 {hours} 小时，各部分正常", "has run for {hours} h, all parts are well"),
    "daemon.none": Text("没有运行；doctor 自己打开设备", "does not run; the doctor opens the devices itself"),
    "daemon.silent": Text(
        "在运行，但不应答",
        "runs, and does not answer",
        "它占用着串口和摄像机，doctor 看不到。",
        "It holds serial lines and cameras, which the doctor then cannot see.",
        "用运行程序的同一用户（或 root）再试。",
        "Try again as the daemon's user or root.",
    ),
    "daemon.unwell": Text(
        "{part} 状态为 {state}：{detail}",
        "{part} is {state}: {detail}",
        "程序自己报告这一部分不正常。",
        "The daemon itself says that this part is not well.",
        "看与它有关的其他几行；日志：`journalctl --namespace=edge-agent -u edge-agent`。",
        "See the lines about it; the log: `journalctl --namespace=edge-agent -u edge-agent`.",
    ),
    "config.note": Text(
        "{key} {note_zh}",
        "{key} {note_en}",
        "允许这样写，但也许不是本意。",
        "This is allowed and perhaps not meant.",
        "补上该项，或确认就是如此。",
        "Give it, or be sure that it is meant.",
    ),
    "config.problem": Text(
        "{where}：{key} {reason}{suggestion}",
        "{where}: {key} {reason}{suggestion}",
        "配置不能使用；程序继续使用上一份好的配置，或不能启动。",
        "The configuration cannot be used; the daemon goes on with the last good one, or does not start.",
        "改正该行，再用 `edge-agent config check` 检查。",
        "Mend the line, then `edge-agent config check`.",
    ),
    "config.not_in_force": Text(
        "{note}",
        "{note}",
        "实际运行的不是这份文件。",
        "What runs is not this file.",
        "见 docs/commands.md：由平台撤销，或在本机编辑该文件。",
        "See docs/commands.md: have the platform take it back, or edit this file at the box.",
    ),
    "doctor.broke": Text(
        "检查未能完成：{why}",
        "the check did not come to its end: {why}",
        "这一项没有检查，不说明好坏。",
        "This was not looked at, which says nothing either way.",
        "再试一次；仍然如此请把这一行报告给开发者。",
        "Try again; if it stays, report this line.",
    ),
    "doctor.late": Text(
        "检查在 {seconds} 秒内没有完成",
        "the check did not come to its end within {seconds} s",
        "这一项没有检查完，不说明好坏。",
        "This was not looked at, which says nothing either way.",
        "再试一次，或用 `--only {part}` 单独检查。",
        "Try again, or alone with `--only {part}`.",
    ),
}
