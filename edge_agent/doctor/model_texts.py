"""What the doctor says of the networks."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "model.ok": Text(
        "{ms} 毫秒一帧，允许 {allowed_ms} 毫秒（{runtime}，{digest}）",
        "{ms} ms a picture, {allowed_ms} ms are allowed ({runtime}, {digest})",
    ),
    "model.missing": Text(
        "没有模型文件 {file}",
        "there is no model file {file}",
        "程序不能启动。",
        "The daemon does not start.",
        "放入模型（`edge-agent model list` 列出已装模型），或改正配置里的路径。",
        "Put the model there (`edge-agent model list` shows what is installed), or mend the path.",
    ),
    "model.wrong_digest": Text(
        "{file} 的 SHA-256 是 {digest}…，核准的是 {accepted}…",
        "{file} has SHA-256 {digest}…, accepted was {accepted}…",
        "这是另一个模型；用它得出的结论没有依据，程序拒绝启动。",
        "This is another model; nothing it says has been accepted, and the daemon refuses it.",
        "放回核准的文件；若新模型已核准，把它的摘要写入配置或类别表。",
        "Put the accepted file back; or, where the new one was accepted, write its digest into the "
        "configuration "
        "or its class map.",
    ),
    "model.unusable": Text(
        "模型不能使用：{why}",
        "the model cannot be used: {why}",
        "程序不能启动。",
        "The daemon does not start.",
        "按提示修正；`edge-agent model list` 逐个检查已装模型。",
        "Mend what is said; `edge-agent model list` looks at every installed model.",
    ),
    "model.slow": Text(
        "{ms} 毫秒一帧，允许 {allowed_ms} 毫秒（{runtime}，{digest}）",
        "{ms} ms a picture, {allowed_ms} ms are allowed ({runtime}, {digest})",
        "本机跟不上：画面会被跳过，案件可能漏掉。",
        "This machine does not keep up: pictures are skipped and cases may be missed.",
        "减少摄像机、加大观察周期、换小模型，或增加 `threads`。",
        "Fewer cameras, longer periods, a smaller model, or more `threads`.",
    ),
}
