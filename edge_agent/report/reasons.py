"""Every reason why a statement is not `enforcement`, in words: what was wrong, and what it would take.

The keys are those of `core/use_class`, `core/street/use_class`, `core/standing`; a flag of the weighing is
`flag:<flag>`. A reason that a newer program says is shown as it stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.report.words import FLAG, WHY
from edge_agent.web.words import Texts

FLAG_PREFIX = "flag:"

# What was wrong, for English readers; Chinese readers have `words.WHY`.
WHY_EN = {
    "site_reference": "the site is set up for reference only",
    "site_test": "the site is set up for tests",
    "approval_number_missing": "the number of the legal and technical review is not filled in",
    "published_location_missing": "the site's published location is not filled in",
    "sign_id_missing": "the sign that announces the monitoring is not filled in",
    "enforcement_from_missing": "the first day of enforcement is not filled in",
    "before_enforcement": "the announced first day of enforcement has not come",
    "clock_unknown": "nothing is known of the clock",
    "clock_unsynced": "the clock is not synchronised",
    "clock_error_unknown": "the error of the clock is not known",
    "clock_error": "the error of the clock is too large",
    "clock_stale": "the clock has not been checked for too long",
    "certificate_missing": "the scale has no verification certificate",
    "certificate_expired": "the scale's verification certificate has run out",
    "calibration_not_verified": "the calibration was changed since the scale was verified",
    "speed_outside_certificate": "the speed is outside what the certificate covers",
    "gross_missing": "an axle has no value, so there is no gross weight",
    "speed_not_measured": "the speed was not measured by two sensors",
    "calibration_missing": "the scale is not calibrated",
    "no_verified_rule_over": "no rule that has been verified says over",
    "match_missing": "no plate was looked for",
    "match_ambiguous": "several plates may be the vehicle's",
    "match_unmatched": "no plate was found to be the vehicle's",
    "plate_uncertain": "what the plate says is not certain enough",
    "vehicle_unchecked": "nobody looked whether a vehicle stood in the lane",
    "vehicle_not_confirmed": "no vehicle was seen in the lane",
    "pictures_missing": "pictures that are prescribed are missing",
    "pictures_identical": "pictures that must differ are the same",
    "pictures_small": "pictures are smaller than prescribed",
    "pictures_lost": "pictures were taken and could not be kept",
    "legal_basis_missing": "the rule's legal basis is not filled in",
    "shop_missing": "no shop answers for the zone",
    "not_seen": "the zone could not be seen",
    "suspect": "something that no class names stands there",
    "low_light": "it was too dark",
    "detector_missing": "no detector ran",
    "picture_spacing": "the pictures of the stay lie too close together",
    "reference_differs": "the reference picture is not the one that was compared with",
    "rule_unknown": "the box that sealed it does not have the rule that judged it",
}

# What it would take.
TAKES: Texts = {
    "site_reference": (
        "站点配置 legal.use_class 设为 enforcement，且其余条件齐备",
        "legal.use_class set to enforcement, and everything else in order",
    ),
    "site_test": (
        "正式站点：legal.use_class 不为 test；测试记录永远不能改变用途",
        "a real site, legal.use_class not test; a record of a test never becomes anything else",
    ),
    "approval_number_missing": (
        "填写法制和技术审核的批准文号",
        "the number of the legal and technical review in the configuration",
    ),
    "published_location_missing": (
        "填写设备地点的公布文号或网址",
        "where the site's location was published, in the configuration",
    ),
    "sign_id_missing": ("登记告示标志的编号", "the sign's id in the configuration"),
    "enforcement_from_missing": ("公告并填写启用日期", "the first day announced and filled in"),
    "before_enforcement": (
        "启用日期当天或以后的过车、案件",
        "a crossing or a case on or after the announced first day",
    ),
    "clock_unknown": ("有时间源，并已报告与 UTC 的差", "a time source that has told the offset to UTC"),
    "clock_unsynced": ("时间源恢复同步", "a time source that is synchronised"),
    "clock_error_unknown": ("时间源给出误差估计", "a time source that states its error"),
    "clock_error": (
        "偏差与误差之和不超过 1.0 秒（GA/T 832-2014）",
        "offset and error together no more than 1.0 s (GA/T 832-2014)",
    ),
    "clock_stale": ("在规定时间内有一次时钟报告", "a report of the clock not older than configured"),
    "certificate_missing": (
        "检定机构的检定证书，写入车道配置",
        "the institute's certificate of this lane's scale in the configuration",
    ),
    "certificate_expired": ("重新检定", "the scale verified again"),
    "calibration_not_verified": (
        "按现用标定重新检定",
        "the scale verified again with the calibration that is in use",
    ),
    "speed_outside_certificate": (
        "车速在证书范围内的过车",
        "a crossing at a speed that the certificate covers",
    ),
    "gross_missing": ("每一轴都有有效称量值", "a value for each axle"),
    "speed_not_measured": (
        "由相距已知的两个传感器测得车速",
        "the speed measured by two sensors a known distance apart",
    ),
    "calibration_missing": (
        "用已知质量的车辆标定（edge-agent calibrate）",
        "the scale calibrated with a known mass (edge-agent calibrate)",
    ),
    "no_verified_rule_over": (
        "至少一条经核实的规则判为超限",
        "at least one verified rule that says over",
    ),
    "match_missing": ("车道有对应的相机", "a camera that sees the lane"),
    "match_ambiguous": (
        "一个号牌的后验概率达到判定门限，且其余远低于它",
        "one plate whose posterior reaches the threshold, with all others far below it",
    ),
    "match_unmatched": (
        "在预计到达的时间窗口内有一次清楚的识读",
        "a readable plate within the window in which the vehicle was expected",
    ),
    "plate_uncertain": (
        "置信度达到门限，且多数识读一致",
        "the confidence at the threshold, and most of the reads saying the same",
    ),
    "vehicle_unchecked": (
        "检测器在抓拍照片中确认车道内有车",
        "a detector that finds a vehicle in the lane in the pictures",
    ),
    "vehicle_not_confirmed": (
        "照片中车道内确有车辆",
        "a vehicle standing in the lane in the pictures",
    ),
    "pictures_missing": (
        "规定的全部照片（桥梁：两个不同时刻的全景；街面：各阶段原图）",
        "all that are prescribed (bridge: two full views at different times; street: one of each stage)",
    ),
    "pictures_identical": (
        "内容不同的照片；相同说明相机画面冻结",
        "pictures of different content; the same ones tell of a camera that has frozen",
    ),
    "pictures_small": ("不小于 1280×720 的照片", "pictures of 1280 × 720 or more"),
    "pictures_lost": ("照片全部保存成功", "all pictures kept"),
    "legal_basis_missing": ("在规则中填写依据", "the legal basis in the rule's configuration"),
    "shop_missing": ("为区域指定商户", "a shop named for the zone"),
    "not_seen": ("画面合格时再看一次", "a look while the view is fit"),
    "suspect": (
        "由人核实该物体；模型能认出它",
        "a person who looks what it is, or a model that knows it",
    ),
    "low_light": ("光线充足时观察到的停留", "a stay observed in enough light"),
    "detector_missing": ("检测模型在运行", "a detection model that runs"),
    "picture_spacing": (
        "停留期间的照片间隔达到规则要求",
        "pictures of the stay as far apart as the rule asks for",
    ),
    "reference_differs": (
        "所附参考图与比对所用是同一张",
        "the very reference picture that was compared with",
    ),
    "rule_unknown": (
        "封存时的配置中有判定所用的规则",
        "the rule that judged it in the configuration that seals it",
    ),
}

# What a flag says of a weighing, and how a vehicle crosses without it.
FLAG_SAYS: Texts = {
    "off_scale": ("车轮有一部分在秤台外", "a wheel was partly beside the scale"),
    "one_side": ("左右轮重相差过大", "left and right wheels differ more than a vehicle's do"),
    "straddle": ("车辆跨在两条车道上", "the vehicle stood on two lanes at once"),
    "accel": ("在秤上加速或制动", "it accelerated or braked on the scale"),
    "stop_on_pad": ("在秤上停过车", "it stopped on the scale"),
    "creep": ("速度低于可称重的下限", "it was slower than can be weighed"),
    "reverse": ("在秤上倒车", "it moved backwards on the scale"),
    "tailgating": ("可能是两辆车", "it may have been two vehicles close together"),
    "abreast": ("两车并行", "two vehicles were abreast"),
    "tandem_overlap": ("几个轴同时在一块秤台上", "several axles were on one sensor at once"),
    "few_samples": ("平台段采样太少", "there were too few samples on a plateau"),
    "saturation": ("传感器到达量程顶端", "a sensor stood at its rail"),
    "overload": ("仪表报告过载", "the instrument said overload"),
    "sensor_fault": (
        "传感器无数据或故障，或采样中断",
        "a sensor was silent or faulty, or samples are missing",
    ),
    "zero_suspect": ("零点不可信", "the zero is not to be believed"),
    "warm_up": ("仪表通电不久，仍在预热", "the instrument was switched on a short while before"),
    "disagree": ("两个传感器的结果不一致", "the sensors disagree"),
    "speed_inferred": (
        "车速由单个传感器推断",
        "the speed was inferred from a single sensor",
    ),
    "speed_out": ("车速超出允许范围", "the speed is outside the envelope"),
    "temperature_out": (
        "温度超出允许范围或未知",
        "the temperature is outside the envelope, or not known",
    ),
    "uncertain": ("95 % 区间比允许的宽", "the 95 % interval is wider than is allowed"),
    "axle_count": ("两个传感器数得的轴数不同", "the sensors counted different axles"),
    "controller": (
        "由第三方控制器称重，其自带标记",
        "a third party's controller weighed it and raised flags of its own",
    ),
}
WITHOUT_FLAGS = ("没有此标记的过车", "a crossing without this flag")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in both languages."""

    key: str
    why_zh: str
    why_en: str
    takes_zh: str
    takes_en: str


def reason_in_words(key: str) -> Reason:
    """A reason; one that is not known here stands as it is, and nothing is said of what it takes."""
    if key.startswith(FLAG_PREFIX):
        flag = key.removeprefix(FLAG_PREFIX)
        zh, en = FLAG_SAYS.get(flag, (flag, flag))
        return Reason(
            key, f"称重标记“{FLAG.get(flag, flag)}”：{zh}", f"weighing flag {flag}: {en}", *WITHOUT_FLAGS
        )
    why_en = WHY_EN.get(key, key.replace("_", " "))
    return Reason(key, WHY.get(key, key), why_en, *TAKES.get(key, ("", "")))
