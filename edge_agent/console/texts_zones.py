"""Texts of the zone editor."""

from __future__ import annotations

from edge_agent.web.words import Texts

HINTS: Texts = {
    "hint_few": ("至少要有三个角点。", "It needs three corners or more."),
    "hint_many": ("最多 {most} 个角点。", "It has more than {most} corners."),
    "hint_crossing": (
        "边线自相交：请让角点依次绕一圈。",
        "Its outline crosses itself: let the corners go around in order.",
    ),
    "hint_small": (
        "面积不到画面的千分之一。",
        "It covers less than a thousandth of the picture.",
    ),
    "hint_line_one": ("读牌线需要两个点。", "The reading line needs two points."),
    "hint_line_short": (
        "读牌线两点须横跨车道，水平相距至少为画面宽度的 2%。",
        "The reading line goes across the lane: its points lie apart by 2 % of the width or more.",
    ),
    "hint_name": (
        "名称只能用英文字母、数字和 . _ -，以字母或数字开头，最长 64 个字符。",
        "A name has letters, digits and . _ - only, begins with a letter or digit, and has 64 at most.",
    ),
    "hint_name_twice": ("有两个区域同名：{name}。", "Two zones are called {name}."),
    "hint_name_elsewhere": (
        "相机 {camera} 已有同名区域 {name}。",
        "Camera {camera} has a zone {name} already.",
    ),
    "hint_rule": ("请选择规则。", "Choose a rule."),
    "hint_shop": ("配置中没有店铺 {shop}。", "The configuration has no shop {shop}."),
    "hint_door_elsewhere": (
        "门线不在区域的边上。请重新选择区域的哪条边是门线。",
        "The door line is no edge of the polygon. Choose anew which edge it is.",
    ),
    "hint_door_broken": (
        "门线的各条边必须首尾相连，且不能绕满一圈。",
        "The edges of the door line must follow one another, and not go all around.",
    ),
    "hint_door_none": (
        "未选门线：可以判断占用，但不测量伸出多少、剩余多宽。",
        "No door line: goods are seen, but not how far they stand out or what width is left.",
    ),
    "hint_door_long": ("门线最多 {most} 条边。", "The door line has {most} edges at most."),
    "hint_overlap": (
        "与另一家店铺的区域 {name} 重叠：同一件物品可能算到两家。",
        "It overlaps zone {name} of another shop: one thing may count for both.",
    ),
    "hint_tape_sides": (
        "请填写四条边的长度（毫米）。",
        "Give the lengths of all four sides, in millimetres.",
    ),
    "hint_tape_long": ("边长不能超过 {metres} 米。", "No side is longer than {metres} m."),
    "hint_tape_quad": (
        "四个标定点没有按顺序绕一圈，或者不是凸四边形。",
        "The four points do not go around in order, or their patch is not convex.",
    ),
    "hint_tape_wrong": (
        "这些长度在平地上拼不成四边形，请重新测量（{said}）。",
        "No patch of flat ground has these lengths: measure again ({said}).",
    ),
    "hint_tape_horizon": (
        "区域延伸到了标定的地平线：请检查四个点的位置和边长。",
        "The zone reaches the horizon of the tape measures: check the four points and the lengths.",
    ),
    "hint_tape_right_angle": (
        "没有量对角线 AC：程序假定 B 角是直角。请量一下。",
        "The diagonal AC was not measured: the angle at B is taken to be right. Measure it.",
    ),
    "hint_tape_residual": (
        "测量自相矛盾：BD 应为 {computed} 毫米，实测相差 {off} 毫米（允许 {allowed}）。请重新测量。",
        (
            "The measures contradict one another: BD should be {computed} mm, the tape is {off} mm off"
            " ({allowed} allowed). Measure again."
        ),
    ),
    "hint_tape_agrees": (
        "测量一致：BD 相差 {off} 毫米。",
        "The measures agree: BD is {off} mm off.",
    ),
    "zones_measured": (
        (
            "区域 {area_m2:.1f} 平方米，门线 {door_m:.2f} 米；标定块 {patch_m2:.1f} 平方米；"
            "推算对角线 BD = {other_diagonal_mm} 毫米，请用卷尺核对。"
        ),
        (
            "The zone has {area_m2:.1f} m², its door line {door_m:.2f} m; the patch {patch_m2:.1f} m²; the"
            " other"
            " diagonal BD comes to {other_diagonal_mm} mm: check it with the tape."
        ),
    ),
}

PAGES: Texts = {
    "nav_zones": ("画区域", "Zones"),
    "zones_title": ("区域与车道", "Zones and lanes"),
    "zones_title_one": ("相机 {camera} 的区域与车道", "Zones and lanes of camera {camera}"),
    "zones_intro": (
        "选择相机，在它的画面上画公共区域、门线、车道和读牌线。",
        "Choose a camera and draw the public zones, door lines, lanes and reading lines over its picture.",
    ),
    "zones_street": ("街面", "street"),
    "zones_road": ("桥面车道", "road"),
    "zones_n_zones": ("{n} 个区域", "zones: {n}"),
    "zones_n_views": ("{n} 条车道", "lanes: {n}"),
    "zones_n_masks": ("{n} 个遮罩", "masks: {n}"),
    "zones_no_cameras": ("配置中没有带视频的相机。", "The configuration has no camera with a video."),
    "zones_differs": (
        "配置文件与正在运行的配置不同：修改后尚未重启，或平台下发了配置。这里画的是文件中的配置。",
        (
            "The file and the running configuration differ: it was changed and not begun with yet, or the"
            " platform"
            " has sent another. What is drawn here is the file's."
        ),
    ),
    "zones_unreadable": (
        "配置文件有错误，改好之前不能在这里画：",
        "The configuration file has problems; nothing can be drawn before they are mended:",
    ),
    "zones_no_drawing": ("提交的内容不是有效的图形：", "What was sent is no drawing:"),
    "zones_overtaken": (
        "配置文件刚刚被别人改过，没有写入任何内容。您画的图形都还在：请对照新的文件再检查一次，然后保存。",
        (
            "The configuration file was changed meanwhile; nothing was written. Your drawing is all here:"
            " look at it"
            " once more on the new file, then save."
        ),
    ),
    "zones_not_good": (
        "还不能保存：请先改正下面指出的问题。",
        "It cannot be saved yet: mend what is pointed out below.",
    ),
    "zones_not_written": (
        "文件无法写入，没有改动。您画的图形都还在。",
        "The file could not be written and is as it was. Your drawing is all here.",
    ),
    "zones_needs_script": ("画图需要启用 JavaScript。", "Drawing needs JavaScript."),
    "zones_picture": ("画面", "Picture"),
    "zones_live": ("实时画面", "Live picture"),
    "zones_reference": ("基准图 {id}", "Reference {id}"),
    "zones_fresh": ("刷新画面", "New picture"),
    "zones_undo": ("撤销", "Undo"),
    "zones_redo": ("重做", "Redo"),
    "zones_in": ("放大", "Zoom in"),
    "zones_out": ("缩小", "Zoom out"),
    "zones_whole": ("全图", "Whole"),
    "zones_new_zone": ("画新区域", "New zone"),
    "zones_new_mask": ("画新遮罩", "New mask"),
    "zones_finish": ("完成", "Finish"),
    "zones_cancel": ("取消", "Cancel"),
    "zones_shapes": ("图形", "Shapes"),
    "zones_tools": ("工具", "Tools"),
    "zones_stage": ("画图区", "Drawing area"),
    "zones_restore": ("恢复上次未保存的图形", "Take up the drawing that was not saved"),
    "zones_review": ("查看改动…", "Review the changes…"),
    "zones_review_title": ("确认改动", "Confirm the changes"),
    "zones_review_intro": (
        "配置文件中将只改动下面这些行，其余一字不动。",
        "Only these lines of the configuration file will change; every other stays as it is.",
    ),
    "zones_no_change": ("没有改动。", "Nothing would change."),
    "zones_weigh": ("请再看一眼：", "Please read once more:"),
    "zones_save": ("保存", "Save"),
    "zones_back_to_drawing": ("返回继续画", "Back to the drawing"),
    "zones_saved_title": ("已保存", "Saved"),
    "zones_saved_text": (
        "配置文件已写入；原文件保留为 {name}。重启守护程序后生效。",
        (
            "The configuration file is written; the one before is kept as {name}. It holds from the next"
            " start on."
        ),
    ),
    "zones_restart": ("立即重启", "Restart now"),
    "zones_restart_text": (
        "重启约需几秒钟，期间不称重、不观察；已封存的证据不受影响。",
        "It takes some seconds in which nothing is weighed or watched; sealed evidence is not touched.",
    ),
    "zones_another": ("回到相机列表", "Back to the cameras"),
    "zones_digest": ("文件 SHA-256", "SHA-256 of the file"),
    "zones_view_only": (
        "您只有查看权限，不能保存。",
        "You may look, not save.",
    ),
    "zones_keys_title": ("键盘与手势", "Keys and gestures"),
    "zones_keys": (
        (
            "点选角点后：方向键移动一个像素，Shift + 方向键移动十个像素，Tab 到下一个角点，Delete 删除，"
            "Insert 在其后加一个。"
            "拖动边上的小圆点可加角点。Ctrl+Z 撤销，Ctrl+Y 重做。双指缩放、平移；Ctrl + 滚轮缩放。"
            "拖动时按住 Alt 不吸附到相邻角点。"
        ),
        (
            "With a corner chosen: arrow keys move it by a pixel, Shift + arrow by ten, Tab goes to the"
            " next, Delete"
            " removes it, Insert adds one after it. Drag the small dot on an edge to add a corner there."
            " Ctrl+Z undoes,"
            " Ctrl+Y does again. Two fingers zoom and move; Ctrl + wheel zooms. Hold Alt while dragging:"
            " corners then"
            " do not snap to their neighbours."
        ),
    ),
}

# What the page's own script says.
EDITOR: Texts = {
    "ed_zone": ("区域", "Zone"),
    "ed_mask": ("遮罩", "Mask"),
    "ed_view": ("车道", "Lane"),
    "ed_mask_text": (
        "画面上叠加的时间、字幕、台标：这里不参与比较。",
        "Clock, text or logo burnt into the picture: nothing is compared here.",
    ),
    "ed_name": ("名称", "Name"),
    "ed_rule": ("规则", "Rule"),
    "ed_choose": ("请选择", "choose"),
    "ed_shop": ("店铺", "Shop"),
    "ed_nobody": ("（无店铺）", "(nobody's)"),
    "ed_remove": ("删除图形", "Remove this shape"),
    "ed_corners": ("角点坐标（0–1，原点在左上角）", "Corners (0 to 1, from the top left)"),
    "ed_corner": ("角点", "Corner"),
    "ed_door": ("到下一角点的边是门线", "The edge to the next corner is the door line"),
    "ed_door_short": ("门线", "Door"),
    "ed_door_help": (
        "区域是公共地面一侧；靠店铺的那条边就是门线。勾选下表中的边，或点按图上的边。",
        (
            "The zone is the public side; its edge along the shop is the door line. Tick the edge in the"
            " table, or"
            " press “pick on the picture” and tap it."
        ),
    ),
    "ed_door_pick": ("在图上选门线", "Pick on the picture"),
    "ed_door_picking": ("点按一条边：选中或取消门线。", "Tap an edge to make it the door line, or not."),
    "ed_done": ("完成", "Done"),
    "ed_add": ("在末尾加角点", "Add a corner"),
    "ed_tape": ("四点米制标定", "Tape measures: four points"),
    "ed_tape_help": (
        "在平地上找四个点，按顺序绕一圈，量出四条边和对角线 AC（毫米）。再量 BD，可核对有没有量错。",
        (
            "Four points on flat ground, in order around a patch; measure its four sides and the diagonal"
            " AC, in"
            " millimetres. Measure BD too: it shows whether something was misread."
        ),
    ),
    "ed_tape_place": ("放置四个点", "Place the four points"),
    "ed_tape_take": ("取区域的四个角", "Take the zone's own corners"),
    "ed_tape_move": ("移动四个点", "Move the four points"),
    "ed_tape_moving": ("拖动 A、B、C、D。", "Drag A, B, C and D."),
    "ed_tape_remove": ("去掉标定", "Remove the measures"),
    "ed_tape_other": ("BD（仅核对）", "BD (check only)"),
    "ed_reading": ("读牌线", "Reading line"),
    "ed_reading_help": (
        "横跨车道的一条线：车尾（头）落在线上时读牌，距第一个传感器的距离即 distance_mm。",
        (
            "A line across the lane, distance_mm behind the first sensor: a vehicle's plate is read when the"
            " end that"
            " is seen stands on it."
        ),
    ),
    "ed_reading_draw": ("画读牌线", "Draw the reading line"),
    "ed_reading_remove": ("去掉读牌线", "Remove the reading line"),
    "ed_lane_draw": ("画车道", "Draw the lane"),
    "ed_lane_remove": ("去掉车道图形", "Remove the lane's drawing"),
    "ed_draw_ring": (
        "依次点按各角点；点回第一个点、按回车或“完成”结束。Esc 取消。",
        "Tap corner by corner; tap the first one again, or press Enter or Finish. Esc cancels.",
    ),
    "ed_draw_quad": (
        "依次点按 A、B、C、D 四个点。",
        "Tap the points A, B, C, D in order around the patch.",
    ),
    "ed_draw_line": ("点按线的两端。", "Tap both ends of the line."),
    "ed_nothing": ("请选择一个图形，或画一个新的。", "Choose a shape, or draw a new one."),
    "ed_unchanged": ("没有改动", "unchanged"),
    "ed_changed": ("有未保存的改动", "not saved yet"),
    "ed_checking": ("正在检查…", "checking…"),
    "ed_offline": ("无法连接设备，暂时不能检查。", "The box does not answer: nothing is checked now."),
    "ed_no_picture": (
        "没有画面。可以换用基准图，或照常按坐标编辑。",
        "There is no picture. Choose a reference, or edit the numbers.",
    ),
    "ed_mend": ("请改正：", "To be mended:"),
    "ed_fine": ("可以保存。", "It can be saved."),
}

ZONES: Texts = {**HINTS, **PAGES, **EDITOR}
