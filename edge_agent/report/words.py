"""The program's own words as people in China read them. English readers get the words themselves."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.report.names import REASON
from edge_agent.web.words import Texts, Words

# What a limit, and what the law's conditions, say of a measurement.
JUDGED: Texts = {
    "enforcement": ("执法候选", "Enforcement"),
    "reference": ("仅供参考", "Reference only"),
    "test": ("测试", "Test"),
    "over": ("疑似超限", "Suspected over"),
    "within": ("未超", "Within"),
    "not_covered": ("不适用", "Not covered"),
    "not_assessed": ("未判定", "Not assessed"),
}
KIND: Mapping[str, str] = {
    "storefront": "街面案件",
    "recheck": "街面复查",
    "inspection": "街面抽查",
    "wim": "桥梁称重",
    "composite": "桥梁称重",
    "anpr": "号牌记录",
    "coverage": "有效观察时间",
    "heartbeat": "心跳",
    "loss": "丢失登记",
    "incident": "事件",
    "key_rotation": "更换密钥",
    "certificate": "密钥证书",
    "config_change": "更换配置",
    "command_result": "指令结果",
    "time_step": "时钟跳变",
    "genesis": "新链条",
    "calibration": "标定记录",
    "commissioning": "验收报告",
    "operator_action": "现场操作",
}
KIND_EN: Mapping[str, str] = {
    "wim": "bridge weighing",
    "composite": "bridge weighing",
    "storefront": "street case",
}
ROLE: Mapping[str, str] = {
    "full_view_1": "全景 1",
    "full_view_2": "全景 2",
    "plate": "号牌特写",
    "plate_view": "号牌画面",
    "front": "车头",
    "side": "车身",
    "raw_serial": "称重原始数据",
    "derived": "衍生件",
}
FLAG: Mapping[str, str] = {
    "off_scale": "轮胎偏出秤台",
    "one_side": "单侧受力",
    "straddle": "跨车道",
    "accel": "加减速",
    "stop_on_pad": "秤上停车",
    "creep": "蠕行",
    "reverse": "倒车",
    "tailgating": "跟车过近",
    "abreast": "并行",
    "tandem_overlap": "联轴重叠",
    "few_samples": "采样不足",
    "saturation": "传感器饱和",
    "overload": "超出量程",
    "sensor_fault": "传感器故障",
    "zero_suspect": "零点可疑",
    "warm_up": "预热中",
    "disagree": "传感器不一致",
    "speed_inferred": "车速为推断",
    "speed_out": "车速超范围",
    "temperature_out": "温度超范围",
    "uncertain": "区间过宽",
    "axle_count": "轴数不一致",
    "controller": "称重控制器自带标记",
}
EVALUATOR: Mapping[str, str] = {
    "posted": "桥梁限载标志",
    "gvw_art3": "62号令总重",
    "axle_group": "轴组（待核实）",
}
EVALUATOR_EN: Mapping[str, str] = {
    "posted": "posted limit",
    "gvw_art3": "national GVW table",
    "axle_group": "axle groups (unverified)",
}
# Why a statement is not more than it is: keys of `core/use_class`, `core/street/use_class`, `core/standing`.
WHY: Mapping[str, str] = {
    "site_reference": "站点只作参考用途",
    "site_test": "测试站点",
    "approval_number_missing": "未填批准文号",
    "published_location_missing": "未公布设备地点",
    "sign_id_missing": "未登记标志",
    "enforcement_from_missing": "未公告启用日期",
    "before_enforcement": "尚未到启用日期",
    "clock_unknown": "时间未知",
    "clock_unsynced": "时钟未同步",
    "clock_error_unknown": "时钟误差未知",
    "clock_error": "时钟误差过大",
    "clock_stale": "时钟长时间未校准",
    "certificate_missing": "无检定证书",
    "certificate_expired": "检定证书已过期",
    "calibration_not_verified": "检定之后标定已更改，尚未重新检定",
    "speed_outside_certificate": "车速超出检定范围",
    "gross_missing": "总重无法确定",
    "speed_not_measured": "车速非实测",
    "calibration_missing": "未标定",
    "no_verified_rule_over": "没有经核实的规则判为超限",
    "match_missing": "未作号牌匹配",
    "match_ambiguous": "号牌有多个候选",
    "match_unmatched": "未匹配到号牌",
    "plate_uncertain": "号牌文字不确定",
    "vehicle_unchecked": "未检查车道内车辆",
    "vehicle_not_confirmed": "车道内未确认到车辆",
    "pictures_missing": "缺少规定的照片",
    "pictures_identical": "照片相同",
    "pictures_small": "照片尺寸不足",
    "pictures_lost": "照片未能保存",
    "legal_basis_missing": "未填规则依据",
    "shop_missing": "未对应到商户",
    "not_seen": "未能观察到",
    "suspect": "有未识别物体",
    "low_light": "光线不足",
    "detector_missing": "未运行检测",
    "picture_spacing": "照片间隔不足",
    "reference_differs": "参考图与比对所用不同",
    "rule_unknown": "封存时的配置中没有该规则",
}
# What held when a street's rule was applied: names of `storefront.in_force`.
FACT: Mapping[str, str] = {
    "candidate_s": "成为候选所需，秒",
    "clear_s": "判为清除所需，秒",
    "enter_score": "进入分数门限（千分）",
    "keep_score": "保持分数门限（千分）",
    "gap_s": "允许间断，秒",
    "hours": "适用时段",
    "low_light": "光线不足",
    "rule_holds": "规则有效",
    "stay_s": "规则停留，秒",
    "tier_stay_permille": "等级系数（千分）",
    "unloading_s": "装卸货，秒",
    "legal_basis": "依据",
    "absent": "有物品但不计入",
    "unseen": "未能观察",
    "shop_confirmed_7d": "该商户七日确认次数",
    "shop_minutes_7d": "该商户七日占道，分",
    "shop_not_corrected_7d": "该商户七日未整改次数",
    "shop_tier_suggested": "按计数建议等级",
}
# What people did at a box: fields of its records, and the words in them.
FIELD: Mapping[str, str] = {
    "lane": "车道",
    "method": "方法",
    "outcome": "结果",
    "by": "经办人",
    "organisation": "单位",
    "remarks": "备注",
    "reference": "参照质量",
    "old_calibration_id": "原标定编号",
    "new_calibration_id": "新标定编号",
    "factor_ppm": "修正系数（百万分之一）",
    "interval_ppm": "95 % 区间半宽（百万分之一）",
    "runs": "采用次数",
    "runs_left_out": "剔除次数",
    "cost323_class": "COST 323 等级",
    "r134_class": "OIML R 134 等级",
    "detail": "说明",
    "report_sha256": "报告 SHA-256",
    "config_sha256": "配置 SHA-256",
    "calibration_ids": "在用标定",
    "checks_ok": "自检正常",
    "checks_warning": "自检注意",
    "checks_fault": "自检故障",
    "checks_unknown": "自检未知",
    "test_crossings": "测试次数",
    "test_receipted": "其中已回执",
    "role": "角色",
    "via": "途径",
    "address": "来源地址",
    "action": "操作",
    "subject": "对象",
}
DONE: Mapping[str, str] = {
    "accepted": "验收通过",
    "accepted_with_remarks": "有备注通过",
    "refused": "不通过",
    "applied": "已写入配置",
    "measured": "仅测量",
    "done": "已完成",
    "failed": "失败",
    "test_truck": "检验车",
    "span": "砝码",
    "zero": "零点",
    "console": "现场网页",
    "command_line": "命令行",
}


def why(word: str, words: Words) -> str:
    """A reason against a higher use class."""
    if word.startswith("flag:"):
        flag = words.name(word.removeprefix("flag:"), FLAG)
        return f"称重标记：{flag}" if words.chinese else f"weighing flag: {flag}"
    return words.name(word, WHY)


def blind(word: str, words: Words) -> str:
    """Why a part was not watched."""
    return " · ".join(words.name(part, REASON) for part in word.split(":"))
