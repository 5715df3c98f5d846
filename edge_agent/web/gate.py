"""The door of pages: who is asking, in which language, with which right; log in and log out.

Every page is a plain function from `Visit` to a response. It runs on a worker thread, after its visitor
is known, may be here, and, where something is sent, sent it from a form of ours.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from edge_agent.errors import EdgeAgentError
from edge_agent.web.addresses import client_of
from edge_agent.web.passwords import check_password
from edge_agent.web.sessions import Accounts, Session, Sessions
from edge_agent.web.throttle import Throttle
from edge_agent.web.words import COOKIE, LANGUAGES, chosen_language

log = logging.getLogger(__name__)

# Clerks of one office share an address.
TRIES_OF_ADDRESS, TRIES_OF_USER, LOGIN_WINDOW_S = 60, 10, 600.0
MAX_FIELDS = 50
YEAR_S = 365 * 24 * 3600
BEFORE_LOGIN = "ea-visit"


class Forbidden(EdgeAgentError):
    """The visitor may not do this."""


class NotHere(EdgeAgentError):
    """There is no such page."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a visitor who may make it."""

    request: Request
    language: str
    session: Session | None  # None on the login page alone
    csrf: str
    form: Mapping[str, str] = field(default_factory=dict)
    behind_proxy: bool = False

    @property
    def user(self) -> str:
        """Who it is."""
        assert self.session is not None
        return self.session.user

    @property
    def address(self) -> str:
        """Where they came from."""
        return client_of(self.request, behind_proxy=self.behind_proxy)

    @property
    def role(self) -> str:
        """What they may do."""
        return self.session.role if self.session else ""

    def path(self, name: str) -> str:
        """A part of the address."""
        return _plain(str(self.request.path_params[name]))

    def query(self, name: str) -> str:
        """A parameter of the address, at most 200 letters of it."""
        return _plain(self.request.query_params.get(name, ""))[:200]


class Pages(Protocol):
    """What the door itself has to show."""

    def login(self, visit: Visit, problem: str, status: int) -> Response:
        """The form. `problem`: empty, `wrong`, `wait` or `form`."""

    def error(self, visit: Visit, status: int, detail: str) -> Response:
        """Something could not be done or shown."""


Handler = Callable[[Visit], Response]


class LoginTry(StrEnum):
    """What became of somebody who wanted in."""

    DONE = "done"
    WRONG = "failed"
    TOO_MANY = "refused"


class Porter(Protocol):
    """Who knows more of the door than that passwords open it."""

    def pass_of(self, request: Request) -> Session | None:
        """Who needs no login; None: they do."""

    def tried(self, user: str, address: str, outcome: LoginTry) -> None:
        """Somebody wanted in. On a worker thread."""


class NoPorter:
    """Passwords alone open the door, and only the log tells of it."""

    def pass_of(self, _request: Request) -> Session | None:
        """Nobody."""
        return None

    def tried(self, user: str, address: str, outcome: LoginTry) -> None:
        """See `Porter`."""


class Gate:
    """One program's door.

    Args:
        name: of the program, so that two on one machine do not take each other's cookies.
        accounts: users and sessions.
        pages: how the login page and errors look.
        secure: browsers come over TLS.
        behind_proxy: see `WebSettings.behind_proxy`.
        porter: lets people in without a login, is told of logins.
        now_s: seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        accounts: Accounts,
        pages: Pages,
        *,
        secure: bool,
        behind_proxy: bool = False,
        porter: Porter | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._porter = porter or NoPorter()
        self._accounts = accounts
        self._sessions = Sessions(accounts)
        self._pages = pages
        self._secure = secure
        self._behind_proxy = behind_proxy
        self._now_s = now_s
        # `__Host-` cookies are taken from nobody but this very host, over TLS.
        prefix = "__Host-" if secure else ""
        self._cookie = f"{prefix}{name}"
        self._before_login = f"{prefix}{BEFORE_LOGIN}-{name}"
        self._by_address = Throttle(TRIES_OF_ADDRESS, LOGIN_WINDOW_S)
        self._by_user = Throttle(TRIES_OF_USER, LOGIN_WINDOW_S)

    def routes(self) -> list[Route]:
        """Log in and out."""
        return [
            Route("/login", self._show_login, methods=["GET"]),
            Route("/login", self._log_in, methods=["POST"]),
            self.page("/logout", self._log_out, method="POST"),
        ]

    def elsewhere(self) -> Route:
        """Every address that has no page; to be the last route."""
        return self.page("/{path:path}", _nowhere)

    def page(
        self, path: str, handler: Handler, *, method: str = "GET", role: str = "", quiet: bool = False
    ) -> Route:
        """A page for who is logged in.

        Args:
            path: of the address.
            handler: makes the answer.
            method: of the request.
            role: whose it is alone; empty: everybody's who is logged in.
            quiet: a page asks for it by itself: nobody's session is kept alive by it.
        """

        async def endpoint(request: Request) -> Response:
            def handle(form: dict[str, str]) -> Response:
                session = self._session(request, touch=not quiet)
                return self._enter(request, session, form, handler, role)

            return await self._answer(request, handle)

        return Route(path, endpoint, methods=[method])

    # Each request

    async def _answer(self, request: Request, handle: Callable[[dict[str, str]], Response]) -> Response:
        body = await _form_body(request) if request.method == "POST" else b""
        response = await run_in_threadpool(self._safely, request, body, handle)
        said = request.query_params.get("lang")
        if said in LANGUAGES and said != request.cookies.get(COOKIE):
            self._set(response, COOKIE, said, YEAR_S)
        return response

    def _safely(
        self, request: Request, body: bytes, handle: Callable[[dict[str, str]], Response]
    ) -> Response:
        """Our own errors become pages; others are bugs, and are seen in the log."""
        stranger = Visit(request, chosen_language(request), None, "")
        try:
            return handle(_fields(body))
        except Forbidden as error:
            return self._pages.error(stranger, 403, str(error))
        except NotHere as error:
            return self._pages.error(stranger, 404, str(error))
        except EdgeAgentError as error:
            log.warning("%s %s: %s", request.method, request.scope["path"], error)
            return self._pages.error(stranger, 503, "")
        except Exception:
            log.exception("%s %s broke", request.method, request.scope["path"])
            return self._pages.error(stranger, 500, "")

    def _session(self, request: Request, *, touch: bool) -> Session | None:
        token = request.cookies.get(self._cookie, "")
        session = self._sessions.find(token, int(self._now_s()), touch=touch) if token else None
        return session or self._porter.pass_of(request)

    def _enter(
        self, request: Request, session: Session | None, form: dict[str, str], handler: Handler, role: str
    ) -> Response:
        _check_asked_for(request)
        if session is None:
            query = request.scope["query_string"].decode("latin-1")
            back = request.scope["path"] + (f"?{query}" if query else "")
            after = f"?next={quote(back, safe='')}" if request.method == "GET" and back != "/" else ""
            return RedirectResponse(f"/login{after}", 303)
        if request.method == "POST":
            _check_origin(request)
            if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
                raise Forbidden("csrf")
        if role and session.role != role:
            raise Forbidden("role")
        language, proxy = chosen_language(request), self._behind_proxy
        return handler(Visit(request, language, session, session.csrf, form, proxy))

    # Logging in and out

    async def _show_login(self, request: Request) -> Response:
        return await self._answer(request, lambda form: self._login_page(request, "", 200, form))

    async def _log_in(self, request: Request) -> Response:
        return await self._answer(request, lambda form: self._try(request, form))

    def _try(self, request: Request, form: dict[str, str]) -> Response:
        _check_origin(request)
        known = request.cookies.get(self._before_login, "")
        if not known or not hmac.compare_digest(form.get("csrf", "").encode(), known.encode()):
            return self._login_page(request, "form", 403, form)
        name, now_s = form.get("name", "").strip()[:100], self._now_s()
        address = client_of(request, behind_proxy=self._behind_proxy)
        wait_s = max(self._by_address.wait_s(address, now_s), self._by_user.wait_s(name, now_s))
        if wait_s > 0:
            log.warning("login of %r from %s refused: too many attempts", name, address)
            self._porter.tried(name, address, LoginTry.TOO_MANY)
            response = self._login_page(request, "wait", 429, form)
            response.headers["retry-after"] = str(int(wait_s) + 1)
            return response
        user = self._accounts.user(name)
        if not check_password(form.get("password", ""), user.password_hash if user else None):
            log.warning("login of %r from %s failed", name, address)
            self._porter.tried(name, address, LoginTry.WRONG)
            return self._login_page(request, "wrong", 403, form)
        assert user is not None
        self._by_user.forget(name)
        self._porter.tried(name, address, LoginTry.DONE)
        session = self._sessions.begin(user, int(now_s))
        response = RedirectResponse(_own_path(form.get("next", "")), 303)
        self._set(response, self._cookie, session.token, None)
        self._set(response, self._before_login, "", 0)
        return response

    def _login_page(self, request: Request, problem: str, status: int, form: dict[str, str]) -> Response:
        token = request.cookies.get(self._before_login, "") or secrets.token_hex(32)
        visit = Visit(request, chosen_language(request), None, token, form)
        response = self._pages.login(visit, problem, status)
        self._set(response, self._before_login, token, None)
        return response

    def _log_out(self, visit: Visit) -> Response:
        assert visit.session is not None
        self._sessions.end(visit.session)
        response = RedirectResponse("/login", 303)
        self._set(response, self._cookie, "", 0)
        return response

    def _set(self, response: Response, name: str, value: str, max_age_s: int | None) -> None:
        response.set_cookie(
            name, value, max_age=max_age_s, path="/", secure=self._secure, httponly=True, samesite="strict"
        )


def _nowhere(_visit: Visit) -> Response:
    raise NotHere("page")


def _check_origin(request: Request) -> None:
    """A browser says whose page sent the form; SameSite and the form's token stand behind this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("csrf")


def _check_asked_for(request: Request) -> None:
    """Another site's page may link here; it may not ask in its own name, as an <img> of it does."""
    ours = request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}
    if not ours and request.headers.get("sec-fetch-mode") != "navigate":
        raise Forbidden("csrf")


async def _form_body(request: Request) -> bytes:
    """Of an ordinary form; nothing of any other."""
    ordinary = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return await request.body() if ordinary else b""


def _fields(body: bytes) -> dict[str, str]:
    """A form's; none where there are more than any form of ours has."""
    try:
        pairs = parse_qsl(
            body.decode("ascii", "replace"),
            keep_blank_values=True,
            errors="replace",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        return {}
    return {_plain(name): _plain(value) for name, value in pairs}


def _plain(said: str) -> str:
    """Without NUL, which PostgreSQL takes in no text."""
    return said.replace("\0", "\ufffd")


def _own_path(said: str) -> str:
    """Where to go after logging in: a page of ours, whatever the address said."""
    plain = said.startswith("/") and not said.startswith("//") and "\\" not in said and said.isprintable()
    return said if plain else "/"
