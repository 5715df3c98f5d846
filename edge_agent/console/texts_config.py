"""Texts of the configuration's pages and of the sign-off."""

from __future__ import annotations

from edge_agent.web.words import Texts

CONFIG: Texts = {
    "config_title": ("配置", "Configuration"),
    "config_note": (
        "修改后先检查，再核对差异，确认后写入文件；重启后生效。每次写入都记入证据链。",
        "Check it, look at what differs, confirm: then the file is written. It holds after a restart.",
    ),
    "config_text": ("配置文件 {name}", "Configuration file {name}"),
    "check": ("检查并查看差异", "Check and compare"),
    "problems": ("{count} 处问题", "{count} problem(s)"),
    "line_n": ("第 {line} 行", "line {line}"),
    "whole_file": ("整个文件", "the whole file"),
    "suggestion": ("建议", "Suggestion"),
    "moved": (
        "文件在此期间已被他人修改：下面是您的文字，请对照后重新检查。",
        "The file was changed meanwhile. Below is your text: compare, then check it again.",
    ),
    "differs": (
        "正在运行的配置与文件不同：重启后文件生效。",
        "What runs is not what the file says: after a restart the file holds.",
    ),
    "in_force": ("平台指令修改在生效", "A commanded change is in force"),
    "review_title": ("核对差异", "What will change"),
    "nothing_differs": ("没有差异。", "Nothing differs."),
    "weighty": (
        "以下关系到设备身份、计量或法律效力，请格外核对",
        "This touches who the box is, what it measures or what its word counts for: look twice",
    ),
    "config_notes": ("提示", "Notes"),
    "confirm": ("确认写入", "Write it"),
    "edit_again": ("返回修改", "Edit again"),
    "saved_title": ("已写入", "Written"),
    "saved_text": (
        "原文件保留为 {name}。新配置在重启后生效；无法启动时设备会退回上一个可用配置。",
        "Kept as {name}: the one before. The new one holds after a restart, or the last good one runs.",
    ),
    "old_digest": ("原文件 SHA-256", "SHA-256 of before"),
    "new_digest": ("新文件 SHA-256", "SHA-256 now"),
    "restart": ("重启服务使其生效", "Restart the daemon with it"),
    "restarting": ("正在重启", "Restarting"),
    "restarting_text": (
        "服务正在重启，通常需要几秒；恢复后自动打开首页。若超过一分钟仍未恢复，请查看设备日志。",
        "The daemon begins anew; the first page opens by itself. After a minute without it: see the log.",
    ),
    "commissioning_title": ("验收", "Sign-off"),
    "commissioning_note": (
        "验收由 edge-agent commission 完成；这里列出已封存的验收记录和报告。",
        "The sign-off is made by edge-agent commission; here are those that were sealed, with their reports.",
    ),
    "no_commissioning": ("尚无验收记录。", "Nobody has signed this box off yet."),
    "signed_by": ("验收人", "By"),
    "outcome": ("结论", "Outcome"),
    "outcome_accepted": ("合格", "accepted"),
    "outcome_accepted_with_remarks": ("合格，有备注", "accepted, with remarks"),
    "outcome_refused": ("不合格", "refused"),
    "checks_of": (
        "{ok} 正常 · {warning} 注意 · {fault} 故障 · {unknown} 未知",
        "{ok} ok · {warning} warning · {fault} fault · {unknown} unknown",
    ),
    "checks": ("体检", "Checks"),
    "test_crossings": ("试车（其中已回执）", "Test crossings (receipted)"),
    "remarks": ("备注", "Remarks"),
    "report": ("报告", "Report"),
}
