"""Texts of all pages of the console: 简体中文, English. Pages have tables of their own; here they meet."""

from __future__ import annotations

from types import MappingProxyType

from edge_agent.console.texts_live import LIVE
from edge_agent.web.words import Texts

FRAME: Texts = {
    "app": ("edge-agent 现场控制台", "edge-agent console"),
    "login": ("登录", "Log in"),
    "logout": ("退出", "Log out"),
    "user": ("用户名", "User name"),
    "password": ("密码", "Password"),
    "login_wrong": ("用户名或密码不对。", "User name or password is wrong."),
    "login_wait": ("尝试次数太多，请稍后再试。", "Too many attempts: try again later."),
    "login_form": ("页面已过期，请再试一次。", "The page had expired: please try again."),
    "error_403": ("没有权限，或页面已过期。", "Not allowed, or the page has expired."),
    "error_403_role": (
        "此操作须由技术员（technician）账号进行。",
        "Only a user with the role “technician” may do this.",
    ),
    "error_404": ("没有这个页面。", "There is no such page."),
    "error_503": (
        "设备暂时无法完成此操作，请查看设备日志。",
        "The box cannot do this now: see its log.",
    ),
    "back": ("返回首页", "Back to the first page"),
    "skip": ("跳到正文", "Skip to content"),
    "pages": ("页面", "Pages"),
    "at_the_box": ("本机", "at the box"),
    "nav_live": ("实时", "Live"),
}

TEXTS: Texts = MappingProxyType({**FRAME, **LIVE})
