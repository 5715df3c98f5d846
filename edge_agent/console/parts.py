"""Names of the box's parts, for people: `port/wim` is the serial line wim."""

from __future__ import annotations

from edge_agent.web.words import Texts, Words

PARTS: Texts = {
    "part_port": ("串口 {name}", "line {name}"),
    "part_camera": ("相机 {name}", "camera {name}"),
    "part_lane": ("车道 {name}", "lane {name}"),
    "part_view": ("相机视野 {name}", "view of camera {name}"),
    "part_scene": ("画面分析 {name}", "picture analysis {name}"),
    "part_reference": ("基准图 {name}", "reference picture {name}"),
    "part_sampler": ("取帧 {name}", "sampling {name}"),
    "part_tap": ("录像 {name}", "recording of {name}"),
    "part_http": ("网页服务 {name}", "web server {name}"),
    "part_zone": ("区域 {name}", "zone {name}"),
    "part_clock": ("时钟", "clock"),
    "part_store": ("证据库", "evidence store"),
    "part_disk": ("磁盘空间", "disk room"),
    "part_sealer": ("封存", "sealing"),
    "part_notes": ("现场记录", "notes"),
    "part_uplink": ("平台连接", "link to the platform"),
    "part_orders": ("平台指令", "platform's commands"),
    "part_runner": ("主循环", "main loop"),
    "part_config": ("配置", "configuration"),
    "part_console": ("本页面服务", "this console"),
    "part_pictures": ("取证照片", "evidence pictures"),
    "part_capture": ("桥梁拍照", "bridge pictures"),
    "part_plates": ("号牌识别", "plate reading"),
    "part_anpr": ("号牌相机推送", "pushed plate reads"),
}


def part_in_words(part: str, words: Words) -> str:
    """A part's name; as the program says it where it has none."""
    kind, _, name = part.partition("/")
    key = f"part_{kind}"
    return words(key, name=name).strip() if key in PARTS else part
