"""What the doctor says of the scales' papers."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "scale.ok": Text(
        "检定证书 {number} 有效至 {until}（还有 {days} 天）",
        "certificate {number} is valid until {until} ({days} days left)",
    ),
    "scale.test": Text("测试站点，不需要检定证书", "a test site; no certificate is needed"),
    "scale.no_certificate": Text(
        "没有检定证书",
        "there is no verification certificate",
        "该车道的记录只能是“参考”，不能用于执法。",
        "Statements of this lane are `reference` and cannot be used for enforcement.",
        "检定后把证书编号、机构和有效期写入 `lanes.*.certificate`。",
        "After the verification write its number, body and date into `lanes.*.certificate`.",
    ),
    "scale.expired": Text(
        "检定证书 {number} 已于 {until} 到期（{days} 天）",
        "certificate {number} expired on {until} ({days} days)",
        "该车道的记录只能是“参考”，不能用于执法。",
        "Statements of this lane are `reference` and cannot be used for enforcement.",
        "安排检定，然后更新 `lanes.*.certificate`。",
        "Have the scale verified, then write the new certificate into `lanes.*.certificate`.",
    ),
    "scale.not_verified": Text(
        "检定的是标定 {verified}，现用的是 {calibration}",
        "calibration {verified} was verified, {calibration} is in use",
        "该车道的记录只能是“参考”，不能用于执法。",
        "Statements of this lane are `reference` and cannot be used for enforcement.",
        "安排检定，然后把现用标定的编号写入 `lanes.*.certificate.calibration_id`。",
        "Have it verified, then write the id of the calibration in use into "
        "`lanes.*.certificate.calibration_id`.",
    ),
    "scale.expires_soon": Text(
        "检定证书 {number} 将于 {until} 到期（还有 {days} 天）",
        "certificate {number} expires on {until} ({days} days left)",
        "到期后该车道的记录只能是“参考”。",
        "From then on statements of this lane are `reference`.",
        "现在预约检定。",
        "Book the verification now.",
    ),
    "scale.uncalibrated": Text(
        "尚未标定（{calibration}）",
        "not calibrated ({calibration})",
        "重量没有依据，记录只能是“参考”。",
        "Its weights rest on nothing; statements are `reference`.",
        "用已知重量的车做标定：`edge-agent calibrate`。",
        "Calibrate it with a truck of known weight: `edge-agent calibrate`.",
    ),
}
