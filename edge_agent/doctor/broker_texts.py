"""What the doctor says of the broker."""

from edge_agent.doctor.finding import Text, Texts

_ASK = (
    "请平台管理员更换 broker 的证书。",
    "Ask whoever runs the broker for a new certificate of it.",
)
_KEPT = ("证据留在本机，送不出去。", "Evidence stays here and cannot leave.")

TEXTS: Texts = {
    "broker.ok": Text(
        "已登录，{topics} 个主题全部允许", "lets us in, and lets us use all of our {topics} topics"
    ),
    "broker.none": Text(
        "未配置平台连接",
        "no way to the platform is configured",
        "证据只留在本机。",
        "Evidence stays on the box.",
        "填写 `uplink`（见 configs/bridge.yaml）。",
        "Give `uplink`; see configs/bridge.yaml.",
    ),
    "broker.unreachable": Text(
        "连不上 {host}:{port}：{why}",
        "{host}:{port} cannot be reached: {why}",
        *_KEPT,
        "检查网线、路由和防火墙：`ping {host}`，`nc -vz {host} {port}`；再核对 `uplink.mqtt.host` 和 `port`。"
        "",
        "See cable, route and firewall with `ping {host}` and `nc -vz {host} {port}`; then "
        "`uplink.mqtt.host` and "
        "`port`.",
    ),
    "broker.own_files": Text(
        "本机的 TLS 文件不能用：{why}",
        "our own TLS files cannot be used: {why}",
        *_KEPT,
        "核对 `uplink.mqtt.tls_ca_certs`、`tls_client_cert` 和 `tls_client_key`；`edge-agent identity show` "
        "列出密钥和证书。",
        "See `uplink.mqtt.tls_ca_certs`, `tls_client_cert` and `tls_client_key`; `edge-agent identity show` "
        "lists "
        "keys and certificates.",
    ),
    "broker.tls": Text(
        "TLS 证书可信（{subject}，还有 {days} 天）",
        "its TLS certificate is good ({subject}, {days} days left)",
    ),
    "broker.tls_ends_soon": Text(
        "broker 的证书 {subject} 还有 {days} 天到期",
        "the broker's certificate {subject} ends in {days} days",
        "到期后本机将拒绝连接。",
        "From then on this box refuses to connect.",
        *_ASK,
    ),
    "broker.tls_expired": Text(
        "broker 的证书 {subject} 已过期（{days} 天）",
        "the broker's certificate {subject} has expired ({days} days)",
        *_KEPT,
        "先确认本机时钟正确（clock 一项），再请平台管理员更换 broker 的证书。",
        "First see that this box's clock is right (clock); then ask whoever runs the broker for a new one.",
    ),
    "broker.tls_not_yet": Text(
        "broker 的证书 {subject} 尚未生效",
        "the broker's certificate {subject} is not valid yet",
        *_KEPT,
        "多半是本机时钟错了：看 clock 一项。",
        "Most likely this box's clock is wrong: see clock.",
    ),
    "broker.tls_name": Text(
        "broker 的证书 {subject} 不是发给 {host} 的",
        "the broker's certificate {subject} is not for {host}",
        *_KEPT,
        "`uplink.mqtt.host` 必须是证书里的名字；若名字正确，则可能连到了别人的服务器。",
        "`uplink.mqtt.host` must be a name in the certificate; if it is right, this may be somebody else's "
        "server.",
    ),
    "broker.tls_chain": Text(
        "broker 的证书 {subject} 不是由 `tls_ca_certs` 签发的：{why}",
        "the broker's certificate {subject} was not issued by `tls_ca_certs`: {why}",
        *_KEPT,
        "向平台管理员索取正确的 CA 文件；在确认之前不要更改，这也可能是冒充。",
        "Get the right authority's file from whoever runs the broker; do not trust another before: it may be "
        "an "
        "impostor.",
    ),
    "broker.tls_other": Text(
        "与 {host}:{port} 的 TLS 握手失败：{why}",
        "TLS with {host}:{port} failed: {why}",
        *_KEPT,
        "该端口可能不是 TLS 端口（通常为 8883），或 broker 只支持低于 TLS 1.2 的版本。",
        "The port may not be one of TLS (8883 by custom), or the broker knows nothing newer than TLS 1.1.",
    ),
    "broker.login": Text(
        "broker 拒绝登录（{code}：{why}）",
        "the broker does not let us log in ({code}: {why})",
        *_KEPT,
        "核对用户名、密码文件、客户端证书；本机是否已在平台登记。",
        "See user, password file and client certificate, and whether the platform has enrolled this box.",
    ),
    "broker.refused": Text(
        "broker 拒绝连接（{code}：{why}）",
        "the broker refuses the connection ({code}: {why})",
        *_KEPT,
        "核对 `uplink.mqtt.client_id` 和 `protocol`，并查看 broker 的日志。",
        "See `uplink.mqtt.client_id` and `protocol`, and the broker's log.",
    ),
    "broker.silent": Text(
        "{host}:{port} 接受连接但不应答 MQTT：{why}",
        "{host}:{port} takes the connection and does not answer MQTT: {why}",
        *_KEPT,
        "可能端口不对；或 broker 因客户端证书过期、吊销而断开：看 key 和 certificate 两项，以及 broker "
        "的日志。",
        "Perhaps the wrong port; or the broker hangs up on our client certificate: see key, certificate, and "
        "the "
        "broker's log.",
    ),
    "broker.not_allowed": Text(
        "broker 不允许使用主题：{topics}",
        "the broker does not let us use: {topics}",
        "这些消息送不到平台；没有回执，证据永远不能清理。",
        "Such messages never get to the platform; without receipts nothing is ever let go.",
        "请平台管理员按 docs/wire.md 为本机开放这些主题（访问控制列表）。",
        "Ask whoever runs the broker to allow them in its access list; docs/wire.md has the table.",
    ),
    "broker.allows_unknown": Text(
        "只支持 MQTT 3.1.1：broker 不说明主题是否允许",
        "it speaks MQTT 3.1.1 only, which does not say whether a topic is allowed",
        "被拒绝的消息会无声地丢失，只有回执能证明送达。",
        "What it refuses is lost in silence; only receipts prove that anything arrives.",
        "看 receipt 一项；最好启用 MQTT 5。",
        "See receipt; better have MQTT 5 switched on.",
    ),
    "broker.nobody_listens": Text(
        "没有人订阅：{topics}",
        "nobody listens to: {topics}",
        "broker 正常，但平台没有在接收；证据在本机等待。",
        "The broker is well, but the platform is not there; evidence waits here.",
        "请平台管理员启动接收程序（`edge-agent ingest`）并检查其租户名。",
        "Ask whoever runs the platform to start it (`edge-agent ingest`) and to see its tenant.",
    ),
    "broker.packets_too_small": Text(
        "broker 只接收 {most_kb} KB 的消息（需要 {wanted_kb} KB）",
        "the broker takes messages of {most_kb} KB ({wanted_kb} KB are wanted)",
        "较大的记录送不出去，会被隔离。",
        "Larger statements cannot be sent and are set aside.",
        "请平台管理员提高 broker 的最大消息长度（Mosquitto：`max_packet_size`）。",
        "Have the broker's limit raised (Mosquitto: `max_packet_size`).",
    ),
    "broker.packets_small": Text(
        "broker 只接收 {most_kb} KB 的消息（希望 {wanted_kb} KB）",
        "the broker takes messages of {most_kb} KB ({wanted_kb} KB are wanted)",
        "图片分成更多小块，传输变慢。",
        "Pictures go in more and smaller pieces, and slower.",
        "可提高 broker 的最大消息长度，或减小 `uplink.max_packet_bytes`。",
        "Have the broker's limit raised, or lower `uplink.max_packet_bytes`.",
    ),
    "broker.few_in_flight": Text(
        "broker 同时只接收 {in_flight} 条未确认消息",
        "the broker takes {in_flight} unacknowledged messages at once",
        "长途线路上传输很慢。",
        "Sending is slow over a long line.",
        "请平台管理员提高该值（Mosquitto：`max_inflight_messages`）。",
        "Have it raised (Mosquitto: `max_inflight_messages`).",
    ),
    "broker.retains_nothing": Text(
        "broker 不支持保留消息",
        "the broker retains no messages",
        "平台重新连接后，要等本机下一次心跳才知道缺了什么。",
        "A platform that comes back learns what it lacks only with this box's next heartbeat.",
        "如可能，启用保留消息（Mosquitto：`retain_available true`）。",
        "Switch it on if possible (Mosquitto: `retain_available true`).",
    ),
    "broker.daemon_connected": Text("程序已连接", "the daemon is connected"),
    "broker.daemon_away": Text(
        "程序没有连上 broker",
        "the daemon is not connected",
        *_KEPT,
        "看上面几行；若都正常，停止程序后再运行 doctor，可检查登录和主题。",
        "See the lines above; if they are well, stop the daemon and run doctor again: it then tries login "
        "and "
        "topics.",
    ),
    "broker.daemon_stopped": Text(
        "程序的连接被阻止：{why}",
        "the daemon is kept from sending: {why}",
        *_KEPT,
        "若为未授权：请平台管理员按 docs/wire.md 开放主题；若为证书：更换证书。",
        "If it is not authorised, have its topics allowed (docs/wire.md); if it is a certificate, renew it.",
    ),
    "broker.not_tried": Text(
        "程序正占用连接且不应答，未检查登录和主题",
        "a daemon has the connection and does not answer: login and topics were not tried",
        "为不打断它的连接，doctor 没有登录。",
        "So as not to end its connection, the doctor did not log in.",
        "用运行程序的同一用户（或 root）再试。",
        "Try again as the daemon's user or root.",
    ),
}
