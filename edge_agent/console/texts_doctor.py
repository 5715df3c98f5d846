"""Texts of the doctor's page; what is found has texts of its own (`edge_agent/doctor`)."""

from __future__ import annotations

from edge_agent.web.words import Texts

DOCTOR: Texts = {
    "doctor_title": ("体检", "Doctor"),
    "doctor_note": (
        "逐项检查本机：时钟、磁盘、串口、传感器、相机、模型、平台连接、密钥。检查时照常称重和观察。",
        "Looks at every part: clock, disk, lines, cameras, models, platform, keys. The box goes on working.",
    ),
    "begin": ("开始体检", "Examine now"),
    "running": ("正在体检……", "Examining …"),
    "progress_of": ("已完成 {over} / {checks} 项", "{over} of {checks} checks done"),
    "never_examined": ("启动后尚未体检。", "Not examined since the start."),
    "last_result": ("上次结果", "Last result"),
    "finding_ok": ("正常", "ok"),
    "finding_warning": ("注意", "warning"),
    "finding_fault": ("故障", "fault"),
    "finding_unknown": ("未知", "unknown"),
    "means": ("意味着", "Means"),
    "next_step": ("下一步", "Next"),
    "broke": ("体检未能完成", "The examination broke"),
    "technician_only": (
        "只有技术员（technician）账号可以操作。",
        "Only a user with the role “technician” may do this.",
    ),
}
