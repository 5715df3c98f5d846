"""What the doctor says of pushed plate reads, and of files with passwords."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "push.server": Text("可在 {host} 端口 {port} 接收摄像机推送", "cameras can push to {host} port {port}"),
    "push.address": Text(
        "{host} 不是本机地址（端口 {port}）",
        "{host} is no address of this box (port {port})",
        "程序不能启动，摄像机推送不到。",
        "The daemon does not start, and cameras have nowhere to push to.",
        "把 `anpr.host` 改为 `ip addr` 列出的、摄像机所在网段的地址。",
        "Set `anpr.host` to the address that `ip addr` shows on the cameras' network.",
    ),
    "push.port_taken": Text(
        "{host} 端口 {port} 被别的程序占用",
        "another program listens on {host} port {port}",
        "程序不能启动。",
        "The daemon does not start.",
        "`ss -ltnp` 查看是谁；停掉它，或改 `anpr.port` 并同时改摄像机设置。",
        "`ss -ltnp` says who; stop it, or change `anpr.port` here and in the cameras.",
    ),
    "push.unreachable": Text(
        "连不上 {host} 端口 {port}：{why}",
        "{host} port {port} does not answer: {why}",
        "摄像机推送的车牌到不了。",
        "Plates that cameras push do not arrive.",
        "重启程序；仍然如此则检查防火墙（`nft list ruleset`）。",
        "Restart the daemon; if it stays, see the firewall (`nft list ruleset`).",
    ),
    "push.ok": Text(
        "已推送 {count} 次，最近一次在 {ago_min} 分钟前",
        "has pushed {count} reads, the last {ago_min} min ago",
    ),
    "push.waiting": Text(
        "程序启动 {minutes} 分钟以来尚未推送",
        "has not pushed in the {minutes} min since the daemon's start",
    ),
    "push.silent": Text(
        "已 {minutes} 分钟没有推送",
        "has pushed nothing for {minutes} min",
        "若路上有车，则超限车辆得不到车牌。",
        "If there is traffic, overweight vehicles get no plate.",
        "检查摄像机的推送地址、用户名和密码，以及 `anpr.cameras.*.allow` 是否包含它的地址。",
        "See the camera's push address, user and password, and whether `anpr.cameras.*.allow` has its "
        "address.",
    ),
    "secret.missing": Text(
        "密码文件 {file} 不能读：{why}",
        "the password file {file} cannot be read: {why}",
        "没有它就不能登录。",
        "Without it nobody can log in.",
        "建立该文件，只写密码，属主为运行程序的用户，权限 600。",
        "Make it: the password alone, owned by the daemon's user, mode 600.",
    ),
    "secret.open": Text(
        "密码文件 {file} 的权限是 {mode}",
        "the password file {file} has mode {mode}",
        "本机其他用户也能读到密码。",
        "Other users of this box can read the password.",
        "`chmod 600 {file}`",
        "`chmod 600 {file}`",
    ),
}
