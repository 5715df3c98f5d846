"""What the doctor says of the disk."""

from edge_agent.doctor.finding import Text, Texts

TEXTS: Texts = {
    "disk.ok": Text(
        "剩余 {free_gb} GB；图片占 {held_gb} GB，配额 {quota_gb} GB；"
        "黑匣子记录占 {journal_gb} GB（{filesystem}）",
        "{free_gb} GB free; pictures take {held_gb} of {quota_gb} GB, recordings {journal_gb} GB "
        "({filesystem})",
    ),
    "disk.full": Text(
        "证据磁盘已满或将满：剩余 {free_gb} GB，图片占 {held_gb} GB，配额 {quota_gb} GB",
        "the evidence disk is full, or nearly: {free_gb} GB free, pictures take {held_gb} of {quota_gb} GB",
        "新案件不再保存，只计数。",
        "New cases are not kept any more, only counted.",
        "先恢复与平台的连接：取得回执的证据才会被清理。若别的程序占了磁盘，清理它们（`du -xh /var | sort -h "
        "| tail`）。"
        "不要手工删除证据目录里的任何文件。",
        "Bring the platform's receipts back first: only receipted evidence is let go. Where something else "
        "took "
        "the disk, clear that (`du -xh /var | sort -h | tail`). Delete nothing in the evidence folder by "
        "hand.",
    ),
    "disk.filling": Text(
        "证据磁盘吃紧（第 {step} 级）：剩余 {free_gb} GB，图片占 {held_gb} GB，配额 {quota_gb} GB",
        "the evidence disk is filling (step {step}): {free_gb} GB free, pictures take {held_gb} of "
        "{quota_gb} GB",
        "新案件保存的图片变少。",
        "New cases keep fewer pictures.",
        "查看未回执的记录为什么没有送达平台（broker、receipt 两项）。",
        "See why statements wait for their receipts (broker, receipt).",
    ),
    "disk.quota_too_large": Text(
        "配额 {quota_gb} GB，磁盘装不下：图片占 {held_gb} GB，剩余 {free_gb} GB",
        "the quota is {quota_gb} GB, more than the disk has: pictures take {held_gb} GB, {free_gb} GB are "
        "free",
        "磁盘会先于配额用完；别的程序可能与证据争抢空间。",
        "The disk will be full before the quota is; others may compete for the room.",
        "减小 `evidence.store.quota_bytes`，或换更大的磁盘。",
        "Lower `evidence.store.quota_bytes`, or fit a larger disk.",
    ),
    "disk.read_only": Text(
        "{path} 的文件系统是只读的",
        "the file system of {path} is read-only",
        "什么都不能保存，程序会停止。",
        "Nothing can be kept; the daemon stops.",
        "查看 `dmesg | grep -i ext4`：多为磁盘错误；备份后换盘，或 `mount -o remount,rw`。",
        "See `dmesg | grep -i ext4`: most often the disk has errors. Save what is there and change the disk, "
        "or "
        "`mount -o remount,rw`.",
    ),
    "disk.in_memory": Text(
        "{path} 在内存里（{filesystem}）",
        "{path} is in memory ({filesystem})",
        "断电后证据全部丢失。",
        "A power cut takes all evidence with it.",
        "把 `evidence.store.directory` 放到真正的磁盘上。",
        "Put `evidence.store.directory` on a real disk.",
    ),
    "disk.filesystem": Text(
        "{path} 的文件系统是 {filesystem}",
        "{path} is on {filesystem}",
        "未在此文件系统上验证过断电后的完整性（ext4 和 xfs 验证过）。",
        "It is not known to keep what was written through a power cut; ext4 and xfs are.",
        "把 `evidence.store.directory` 放到 ext4 或 xfs 分区上。",
        "Put `evidence.store.directory` on ext4 or xfs.",
    ),
    "disk.shared": Text(
        "证据与系统在同一文件系统上（{filesystem}）",
        "evidence shares the system's file system ({filesystem})",
        "日志或其他程序可能占满证据所需的空间。",
        "Logs, or anything else, can take the room that evidence needs.",
        "最好给 /var/lib/edge-agent 一个单独的分区；否则限制日志大小。",
        "Better give /var/lib/edge-agent a partition of its own; else limit the logs.",
    ),
    "disk.inodes": Text(
        "{path} 只剩 {free} 个 inode",
        "{path} has {free} inodes left",
        "不能再建文件，与磁盘满一样。",
        "No file can be made: the same as a full disk.",
        "查找大量小文件（`du --inodes -x / | sort -n | tail`）并清理。",
        "Find the many small files (`du --inodes -x / | sort -n | tail`) and clear them.",
    ),
    "disk.writes": Text(
        "本次开机以来平均每天写入 {gb_a_day} GB",
        "{gb_a_day} GB written a day since the start",
    ),
    "disk.wear": Text(
        "eMMC 寿命已用至多 {used_percent}%",
        "at most {used_percent} % of the eMMC's life are used",
    ),
    "disk.wear_unknown": Text(
        "{device} 的磨损程度只有 SMART 知道",
        "only SMART knows how worn {device} is",
        "读取它需要 root，程序没有这个权限。",
        "To read it takes root, which the daemon is not.",
        "安装 smartmontools，执行 `sudo smartctl -A -l devstat {device}`：Percentage Used 达到 90 就换盘。",
        "Install smartmontools and run `sudo smartctl -A -l devstat {device}`: from 90 on of Percentage Used,"
        " change the disk.",
    ),
    "disk.wearing": Text(
        "eMMC 寿命已用约 {used_percent}%（预警级 {pre_eol}）",
        "some {used_percent} % of the eMMC's life are used (pre-EOL {pre_eol})",
        "快到寿命终点。",
        "It nears its end.",
        "下次上门时带上新盘更换。",
        "Bring another one at the next visit.",
    ),
    "disk.worn_out": Text(
        "eMMC 寿命已尽（{used_percent}%，预警级 {pre_eol}）",
        "the eMMC is worn out ({used_percent} %, pre-EOL {pre_eol})",
        "随时可能变为只读，证据会丢失。",
        "It may become read-only at any time, and evidence be lost.",
        "等待全部回执后立即换盘。",
        "Change it as soon as everything has its receipt.",
    ),
}
