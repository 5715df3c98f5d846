"""What the doctor says of the heat."""

from edge_agent.doctor.finding import Text, Texts

_SHADE = (
    "检查风扇、散热片和防晒；机箱不要朝西暴晒。减少摄像机的分析频率也会降温。",
    "Check fan, heat sink and sun shade. Looking at cameras less often cools as well.",
)

TEXTS: Texts = {
    "temperature.ok": Text("最高 {celsius} °C（{sensor}）", "{celsius} °C at most ({sensor})"),
    "temperature.unknown": Text(
        "没有温度传感器可读",
        "there is no sensor that can be read",
        "不知道机箱有多热。",
        "Nobody can say how hot the box is.",
        "虚拟机没有传感器；实机上检查内核驱动（/sys/class/thermal）。",
        "A virtual machine has none; on a real box see the kernel's drivers (/sys/class/thermal).",
    ),
    "temperature.hot": Text(
        "{celsius} °C（{sensor}）",
        "{celsius} °C ({sensor})",
        "偏热：处理器可能降速，磁盘寿命缩短。",
        "Hot: the processor may be slowed down, and the disk ages faster.",
        *_SHADE,
    ),
    "temperature.too_hot": Text(
        "{celsius} °C（{sensor}），过热",
        "{celsius} °C ({sensor}), too hot",
        "随时可能停机。",
        "It may switch itself off at any time.",
        *_SHADE,
    ),
    "temperature.throttled": Text(
        "处理器因过热降速：现为 {percent}%，开机以来 {times} 次",
        "the processor was slowed down for heat: {percent} % now, {times} times since the start",
        "推理变慢，可能漏看画面。",
        "Inference is slower; pictures may be missed.",
        *_SHADE,
    ),
}
