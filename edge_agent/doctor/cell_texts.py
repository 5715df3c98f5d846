"""What is said of load cells."""

from __future__ import annotations

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "cell.ok": Text(
        "车道 {lane} 的称重传感器正常：空载噪声 {noise_kg} kg",
        "the cells of lane {lane} are good: {noise_kg} kg of noise when empty",
    ),
    "cell.no_samples": Text(
        "车道 {lane} 没有可看的采样（端口 {port}）",
        "no samples of lane {lane} to look at (port {port})",
        "传感器无法判断。",
        "Its cells cannot be judged.",
        "先处理端口 {port} 的问题。",
        "See to port {port} first.",
    ),
    "cell.never_free": Text(
        "车道 {lane} 在检查期间一直有负载",
        "lane {lane} was never empty while it was looked at",
        "零点、噪声和工频干扰无法判断；可能一直有车，也可能秤台上有杂物。",
        "Zero, noise and hum cannot be judged: traffic without a gap, or something lies on a pad.",
        "清理秤台，等无车时再检查。",
        "Clear the pads, and look again while nothing passes.",
    ),
    "cell.order_unknown": Text(
        "车道 {lane} 在检查期间没有车通过，也没有最近的过车记录",
        "no vehicle crossed lane {lane} meanwhile, and none of late is known",
        "传感器的接线次序未检查。",
        "The order in which the cells are wired was not checked.",
        "让一辆车以 10–20 km/h 通过，同时再运行一次 doctor。",
        "Let a vehicle cross at 10 to 20 km/h while the doctor runs again.",
    ),
    "cell.dead": Text(
        "通道 {channel}（{sensor}，{side_zh}侧）始终是同一个数（{level_kg} kg）",
        "channel {channel} ({sensor}, {side_en}) never changes: {level_kg} kg",
        "传感器断线或损坏，重量少算。",
        "The cell is cut off or dead, and its share of every weight is missing.",
        "测传感器的激励和信号电压；检查接线盒；更换传感器或电缆。",
        "Measure its excitation and signal; look into the junction box; replace cell or cable.",
    ),
    "cell.deaf": Text(
        "通道 {channel}（{sensor}，{side_zh}侧）在 {vehicles} 辆车通过时没有反应",
        "channel {channel} ({sensor}, {side_en}) felt nothing of {vehicles} vehicle(s)",
        "传感器不受力、断线，或通道号不对。",
        "The cell carries nothing, is cut off, or the index is another channel's.",
        "检查传感器是否受力（垫片、卡死）；核对通道接线。",
        "See whether the cell carries load (shims, a jammed pad); check the channel's wiring.",
    ),
    "cell.rail": Text(
        "通道 {channel}（{sensor}，{side_zh}侧）空载时停在量程端点",
        "channel {channel} ({sensor}, {side_en}) stands at its rail while nothing is on it",
        "转换器饱和：传感器损坏、接反，或放大倍数过大。",
        "The converter is saturated: a broken cell, wires exchanged, or too much gain.",
        "对调信号正负线再看；测桥路电阻；必要时更换传感器。",
        "Exchange its signal wires and look again; measure the bridge; replace the cell if need be.",
    ),
    "cell.zero": Text(
        "通道 {channel}（{sensor}，{side_zh}侧）空载读数 {zero_kg} kg，限值 {limit_kg} kg",
        "channel {channel} ({sensor}, {side_en}) reads {zero_kg} kg when empty; the limit is {limit_kg} kg",
        "零点超限后重量不可信。",
        "Beyond the limit no weight is believed.",
        "清理秤台缝隙；检查传感器是否过载变形；重新标定零点。",
        "Clear the gaps around the pad; look for a bent cell; calibrate the zero anew.",
    ),
    "cell.noise": Text(
        "{sensor} 空载噪声 {noise_kg} kg，最多允许 {allowed_kg} kg",
        "{sensor} has {noise_kg} kg of noise when empty; at most {allowed_kg} kg is good enough",
        "重量区间变宽，或车轮的起止判断不准。",
        "Weights become less certain, or wheels are timed wrongly.",
        "检查屏蔽层单端接地、接头防水；传感器电缆远离电源线。",
        "Ground the shield at one end, dry the joints, keep cells' cables away from power lines.",
    ),
    "cell.hum": Text(
        "{sensor} 有 {hz} Hz 工频干扰，幅值 {amplitude_kg} kg{seen_zh}",
        "{sensor} picks up {hz} Hz mains hum of {amplitude_kg} kg{seen_en}",
        "重量和车轮时刻都会出错。",
        "Weights and the times of wheels are wrong by it.",
        "检查接地和屏蔽（只在一端接地）；把传感器电缆与电源线分开；检查开关电源。",
        "Check ground and shield (grounded at one end only); part the cells' cables from power lines; look "
        "at the "
        "power supply.",
    ),
    "cell.hum_unknown": Text(
        "车道 {lane} 每秒 {rate_hz} 个采样，看不出工频干扰",
        "at {rate_hz} samples a second mains hum on lane {lane} cannot be told",
        "50 和 100 Hz 在这个频率下看起来像零点漂移。",
        "At this rate 50 and 100 Hz look like a zero that wanders.",
        "把仪表输出频率改为 80 Hz 或以上，再检查。",
        "Set the instrument to 80 a second or more, then look again.",
    ),
    "cell.filtered": Text(
        "{sensor} 的仪表在显示约 {filter_ms} 毫秒的平均值，而车轴完全在秤台上只有 {on_pad_ms} 毫秒",
        "the instrument of {sensor} shows a mean over about {filter_ms} ms; an axle is wholly on the pad"
        " for "
        "{on_pad_ms} ms",
        "动态重量偏低。",
        "Moving vehicles are weighed too light.",
        "在仪表菜单里关闭或减弱数字滤波。",
        "Switch the display filter off in the instrument's menu, or make it shorter.",
    ),
    "cell.unsteady": Text(
        "{sensor} 空载读数在 {seconds} 秒内变化了 {drift_kg} kg",
        "{sensor} moved by {drift_kg} kg within {seconds} s while empty",
        "零点跟踪跟不上，重量不可信。",
        "The zero cannot be followed, and weights are not believed.",
        "看秤台上是否有杂物或积水；检查接头是否受潮。",
        "Look for debris or water on the pad; look for damp joints.",
    ),
    "cell.drift": Text(
        "车道 {lane} 的零点每小时漂移 {kg_per_h} kg",
        "the zero of lane {lane} drifts by {kg_per_h} kg an hour",
        "传感器受潮、受热，或即将损坏。",
        "A cell is damp, is heated on one side, or is about to fail.",
        "检查接线盒和传感器的密封；记录一天内的零点。",
        "Check the seals of junction box and cells; watch the zero for a day.",
    ),
    "cell.swapped": Text(
        "通道 {channel} 和 {other_channel} 接反了：{sensor} 的{side_zh}侧与 {other_sensor} 的"
        "{other_side_zh}侧互换",
        "channels {channel} and {other_channel} are exchanged: {sensor} {side_en} with {other_sensor} "
        "{other_side_en}",
        "每个车轴被看成两次、只压一侧，重量和车速都不可用。",
        "Every axle is seen twice and on one side only: neither weight nor speed can be used.",
        "在接线盒里对调这两路，或在 sensors 里互换两个 index，然后让一辆车通过再检查。",
        "Exchange the two in the junction box, or their `index` under `sensors`; then let a vehicle pass "
        "and look "
        "again.",
    ),
    "cell.crossed": Text(
        "车道 {lane} 最近 {vehicles} 辆车的左右轮总不同时被看到",
        "left and right wheels of the last {vehicles} vehicles on lane {lane} were never felt together",
        "有两路传感器接到了对方的秤台，重量和车速都不可用。",
        "Two cells are wired to each other's pads: neither weight nor speed can be used.",
        "让一辆车通过，同时再运行 doctor，它会说出是哪两路。",
        "Let a vehicle cross while the doctor runs again: it names the two channels.",
    ),
    "cell.pads_swapped": Text(
        "车道 {lane} 的秤台次序反了：{vehicles} 辆车都是先压最后一块",
        "the pads of lane {lane} are the wrong way round: {vehicles} vehicle(s) all met the last one first",
        "所有过车都被标为倒车（reverse），只有参考结果。",
        "Every crossing is flagged `reverse` and is for reference only.",
        "对调两块秤台的通道 index，或按行车方向重排 sensors。",
        "Exchange the pads' `index`, or list the sensors in the order of travel.",
    ),
    "cell.sides_swapped": Text(
        "{sensor} 的左右与 {first_sensor} 相反（{vehicles} 辆车）",
        "left and right of {sensor} are the other way round than on {first_sensor} ({vehicles} vehicles)",
        "两块秤台互相矛盾（disagree），偏载和跨道判断出错。",
        "The pads contradict each other (`disagree`), and who drives beside the scale is not seen.",
        "站到一侧踩秤台确认，再对调该秤台左右两路或改 side。",
        "Step on one side to see which is wrong, then exchange that pad's cells or their `side`",
    ),
    "cell.one_sided": Text(
        "车道 {lane} 最近 {vehicles} 辆车几乎都只压到一侧",
        "nearly all of the last {vehicles} vehicles on lane {lane} were felt on one side only",
        "有传感器接到了别的秤台或通道，或一侧不受力。",
        "A cell is wired to another pad or channel, or one side carries nothing.",
        "让一辆车通过，同时再运行 doctor，它会说出是哪一路。",
        "Let a vehicle cross while the doctor runs again: it names the channel.",
    ),
    "cell.pads_disagree": Text(
        "车道 {lane} 最近 {vehicles} 辆车中 {percent}% 的两块秤台读数不一致",
        "the pads of lane {lane} disagreed on {percent} % of the last {vehicles} vehicles",
        "其中一块的量程不对，或左右接反。",
        "The span of one is wrong, or its sides are exchanged.",
        "用检验车重新标定（`edge-agent calibrate`）；检查秤台是否卡住。",
        "Calibrate with a test truck (`edge-agent calibrate`); see whether a pad is jammed.",
    ),
    "cell.unbalanced": Text(
        "车道 {lane} 最近 {vehicles} 辆车的左侧平均占 {left_percent}%",
        "the left side of lane {lane} carried {left_percent} % of the last {vehicles} vehicles",
        "一侧的传感器量程不对，或路面横坡过大。",
        "A cell's span is wrong on one side, or the road leans.",
        "检查每侧的 grams_num/grams_den；检查秤台是否卡住。",
        "Check grams_num and grams_den of each side; see whether a pad is jammed.",
    ),
}
