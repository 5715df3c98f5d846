"""Texts of the pages that every program shares (`web/templates`): 简体中文, English."""

from __future__ import annotations

from edge_agent.web.words import Texts

DOOR: Texts = {
    "login": ("登录", "Log in"),
    "logout": ("退出", "Log out"),
    "user": ("用户名", "User name"),
    "password": ("密码", "Password"),
    "login_wrong": ("用户名或密码不对。", "User name or password is wrong."),
    "login_wait": ("尝试次数太多，请稍后再试。", "Too many attempts: try again later."),
    "login_form": ("页面已过期，请再试一次。", "The page had expired: please try again."),
    "error_403": ("没有权限，或页面已过期。", "Not allowed, or the page has expired."),
    "error_404": ("没有这个页面。", "There is no such page."),
    "error_500": (
        "程序出错，已记入设备日志。其他功能不受影响。",
        "This page broke, and the log says how. Nothing else is hurt by it.",
    ),
    "skip": ("跳到正文", "Skip to content"),
}
