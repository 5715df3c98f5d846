"""What the doctor says of the evidence store."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "store.ok": Text(
        "{pending} 条记录等待回执，最早的等了 {oldest_h} 小时；链尾序号 {seq}",
        "{pending} statements wait for a receipt, the oldest for {oldest_h} h; the chain ends at {seq}",
    ),
    "store.new": Text("尚未建立，首次启动时建立", "not made yet; the first start makes it"),
    "store.unreadable": Text(
        "无法读取：{why}",
        "cannot be read: {why}",
        "不知道里面有什么；若程序正在写入，稍后再试。",
        "Nobody can say what is in it; try again if the daemon is writing just now.",
        "用运行程序的同一用户（或 root）再试；仍然如此则运行 `edge-agent verify 证据目录`。",
        "Try again as the daemon's user or root; if it stays, run `edge-agent verify` on the folder.",
    ),
    "store.waiting": Text(
        "{pending} 条记录等待回执，最早的已等 {oldest_h} 小时",
        "{pending} statements wait for a receipt, the oldest for {oldest_h} h",
        "证据安全地存着，但平台还没有收到；磁盘会慢慢用完。",
        "The evidence is safe here, but the platform has not got it; the disk fills slowly.",
        "先看 broker 和 receipt 两项。",
        "See broker and receipt first.",
    ),
    "store.lost": Text(
        "自建立以来有 {lost} 个案件因没有空间而未能保存",
        "{lost} cases could not be kept for want of room, since the store was made",
        "这些案件只有计数，链上有记录。",
        "Of these there is only a count, which is in the chain.",
        "看 disk 一项；若已解决，无需再做什么。",
        "See disk; if that is mended there is nothing more to do.",
    ),
    "store.set_aside": Text(
        "平台拒收 {rejected} 条，本机隔离 {quarantined} 条",
        "{rejected} statements rejected by the platform, {quarantined} set aside here",
        "它们不会再发送，需要有人查看原因。",
        "They are not sent any more; somebody must look why.",
        "用 `edge-agent outbox status` 查看是哪几条、为什么。排除原因后，隔离的用"
        " `edge-agent outbox requeue 序号` 重新发送；拒收的须在平台侧处理，平台会重新索取。",
        "`edge-agent outbox status` says which and why. Once the reason is mended, send what was set aside"
        " again with `edge-agent outbox requeue SEQ`. What was rejected must be mended at the platform,"
        " which then asks for it by itself.",
    ),
    "receipt.ok": Text(
        "最近一次回执在 {ago_min} 分钟前，用时 {took_s} 秒",
        "the last receipt came {ago_min} min ago and took {took_s} s",
    ),
    "receipt.round_trip": Text(
        "问平台链到哪里为止，{ms} 毫秒后收到可信的回执",
        "asked where our chain ends, the platform's receipt came after {ms} ms",
    ),
    "receipt.no_answer": Text(
        "平台在听，但 {seconds} 秒内没有可信的回执送到本机",
        "the platform listens, and no receipt that can be believed came within {seconds} s",
        "证据送出去了却得不到确认：永远不能清理。",
        "Evidence leaves and is never confirmed: nothing is ever let go.",
        "请平台管理员查看：broker 是否允许本机读 rcpt 主题；本机公钥是否已登记；回执公钥是否是它的。",
        "Ask whoever runs the platform: may this box read its rcpt topic, is its public key enrolled, is the "
        "receipt key here the platform's own?",
    ),
    "receipt.never": Text(
        "从未收到平台回执",
        "no receipt has ever come from the platform",
        "没有回执，证据永远不能清理，平台也可能根本没有收到。",
        "Without receipts nothing is ever let go, and perhaps the platform gets nothing at all.",
        "确认平台在运行、本机公钥已在平台登记、回执公钥正确、broker 允许读 rcpt 主题。",
        "See that the platform runs, knows this box's public key, that the receipt key here is its own, and "
        "that the broker lets this box read its rcpt topic.",
    ),
    "receipt.stopped": Text(
        "已 {ago_min} 分钟没有回执（上一次用时 {took_s} 秒）",
        "no receipt for {ago_min} min (the last one took {took_s} s)",
        "平台没有在听，或回执送不到本机。",
        "The platform does not listen, or its receipts do not get here.",
        "看 broker 一项，再问平台管理员；证据在本机安全地存着。",
        "See broker, then ask whoever runs the platform; evidence is safe here meanwhile.",
    ),
}
