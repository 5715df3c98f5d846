"""What the doctor says of keys and certificates."""

from edge_agent.doctor.finding import Text, Texts

_RENEW = (
    "`edge-agent identity csr` 生成申请，签发后用 `edge-agent identity install` 安装；CA 证书向平台索取。",
    "Run `edge-agent identity csr`, have it signed, then `identity install`; a CA's comes from the platform.",
)

TEXTS: Texts = {
    "key.ok": Text("密钥 {keyid} 可用（{where}）", "key {keyid} can be used ({where})"),
    "key.new": Text(
        "尚无密钥（{where}），首次启动时生成", "there is no key yet ({where}); the first start makes it"
    ),
    "key.not_tried": Text(
        "密钥属于用户 {owner}（{where}），root 不使用它",
        "the key is user {owner}'s ({where}); root does not use it",
        "权限正确；但未试用。",
        "Owner and mode are right; it was not tried.",
        "`sudo -u {owner} edge-agent doctor`",
        "`sudo -u {owner} edge-agent doctor`",
    ),
    "key.unusable": Text(
        "密钥不能使用：{why}",
        "the key cannot be used: {why}",
        "程序不能启动：没有密钥就不封存任何证据。",
        "The daemon does not start: nothing is sealed unsigned.",
        "按提示改正属主和权限（600）；不要删除，也不要重新生成已登记的密钥。",
        "Mend owner and mode (600) as said; never delete or remake a key that is enrolled.",
    ),
    "certificate.ok": Text("证书 {name} 有效：{begins} 至 {ends}", "{name} is valid from {begins} to {ends}"),
    "certificate.expired": Text(
        "证书 {name} 已于 {ends} 过期（{days} 天）",
        "{name} expired on {ends} ({days} days)",
        "TLS 证书过期则连不上平台；证据证书过期则每条记录都会注明。",
        "With an expired TLS certificate the platform is out of reach; of an evidence key every statement is "
        "doubted.",
        *_RENEW,
    ),
    "certificate.not_yet": Text(
        "证书 {name} 从 {begins} 起才有效",
        "{name} is not valid before {begins}",
        "多半是本机时钟错了。",
        "Most likely this box's clock is wrong.",
        "看 clock 一项。",
        "See clock.",
    ),
    "certificate.ends_soon": Text(
        "证书 {name} 将于 {ends} 到期（还有 {days} 天）",
        "{name} ends on {ends} ({days} days left)",
        "到期后连不上平台，或记录被质疑。",
        "After that the platform is out of reach, or statements are doubted.",
        *_RENEW,
    ),
    "certificate.unusable": Text(
        "证书不能使用：{why}",
        "the certificate cannot be used: {why}",
        "连不上平台，或记录没有证书作证。",
        "The platform is out of reach, or statements have no certificate to vouch for them.",
        *_RENEW,
    ),
    "console_certificate.ok": Text(
        "控制台的证书有效至 {ends}（还有 {days} 天）",
        "the console's certificate is valid until {ends} ({days} days)",
    ),
    "console_certificate.ends": Text(
        "控制台的证书有效期到 {ends}（还有 {days} 天）",
        "the console's certificate ends on {ends} ({days} days left)",
        "到期后浏览器会警告，无法分辨是否连到了本机。",
        "After that browsers warn, and nobody can tell that it is this box.",
        "运行 `edge-agent console certificate --renew`，核对新指纹。",
        "Run `edge-agent console certificate --renew` and compare the new fingerprint.",
    ),
    "console_certificate.unusable": Text(
        "控制台的证书不能使用：{why}",
        "the console's certificate cannot be used: {why}",
        "控制台打不开；其他部分照常工作。",
        "The console cannot be opened; everything else goes on.",
        "运行 `edge-agent console certificate`，把它输出的几行写进配置。",
        "Run `edge-agent console certificate` and put the lines that it prints into the configuration.",
    ),
    "receipt_key.ok": Text(
        "平台回执公钥 {keys} 个，最新 {keyid}", "receipt keys of the platform: {keys}, the newest {keyid}"
    ),
    "receipt_key.missing": Text(
        "没有平台的回执公钥（`uplink.receipt_keys_file`）",
        "there is no receipt key of the platform (`uplink.receipt_keys_file`)",
        "不能相信任何回执，证据永远不能清理，磁盘终将用完。",
        "No receipt can be believed, nothing is ever let go, and the disk fills for good.",
        "向平台管理员索取回执公钥（PEM），填写 `uplink.receipt_keys_file`。",
        "Get the platform's public receipt key (PEM) and give its file in `uplink.receipt_keys_file`.",
    ),
    "receipt_key.unusable": Text(
        "回执公钥不能使用：{why}",
        "the receipt keys cannot be used: {why}",
        "程序不能启动，或不相信任何回执。",
        "The daemon does not start, or believes no receipt.",
        "向平台管理员重新索取该文件。",
        "Get the file anew from whoever runs the platform.",
    ),
    "command_key.ok": Text("可下达命令者：{issuers}", "commands are taken from {issuers}"),
    "command_key.unusable": Text(
        "命令公钥不能使用：{why}",
        "the keys of who may command cannot be used: {why}",
        "程序不能启动。",
        "The daemon does not start.",
        "核对 `commands.issuers` 里的文件。",
        "See the files in `commands.issuers`.",
    ),
}
