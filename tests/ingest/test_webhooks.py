"""One attempt at a receiver of any kind, what follows from its answer, and what may be configured."""

import itertools
import json
import logging
import ssl
import threading
import time
from contextlib import closing
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_agent.bench.receiver import Receiver, Reply
from edge_agent.cli.ingest import load_settings
from edge_agent.cli.main import main
from edge_agent.demo.pki import Authority
from edge_agent.errors import StoreFault, UsageError
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.examples_street import a_zone_case
from edge_agent.ingest import webhooks as module
from edge_agent.ingest.fanout import LEASE_US
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.settings_outward import WebhookSettings
from edge_agent.ingest.webhooks import (
    FIRST_WAIT_S,
    LONGEST_RETRY_AFTER_S,
    LONGEST_WAIT_S,
    Post,
    retry_after_s,
    wait_s,
)
from tests.ingest.hooked import DAY_US, NOWHERE, S_US, START_US, a_hook, a_setting, a_told_city


@pytest.fixture
def receiver():
    made = Receiver().start()
    yield made
    made.stop()


def post(receiver, **fields):
    return Post(a_setting(url=receiver.url, **{"timeout_s": 5, **fields}))(b'{"a":1}', "id-1")


# One attempt


def test_a_receiver_gets_the_json_its_delivery_id_and_its_token(receiver, tmp_path):
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    token.chmod(0o600)

    answer = post(receiver, token_file=token)

    assert (answer.taken, answer.said, answer.retry_after_s) == (True, "HTTP 200", None)
    [posted] = receiver.posted
    assert posted.body == b'{"a":1}'
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["x-delivery-id"] == "id-1"
    assert posted.headers["authorization"] == "Bearer s3cret"


def test_neither_token_nor_address_is_in_a_log(receiver, tmp_path, caplog):
    """There are receivers whose key is a part of the address."""
    token = tmp_path / "token"
    token.write_text("s3cret")
    token.chmod(0o600)
    caplog.set_level(logging.INFO)
    receiver.reply = lambda _: Reply(500)
    with a_told_city(tmp_path, hooks=[a_hook(url=f"{receiver.url}?key=k3y", token_file=token)]) as told:
        told.seal(a_case())
        told.webhooks().step("officer")

        assert receiver.posted[0].path == "/told?key=k3y"
        assert "HTTP 500" in caplog.text
        [waiting] = told.fanout.newest(9)
        for secret in ("s3cret", "k3y"):
            assert secret not in caplog.text + waiting.said


@pytest.mark.parametrize("status", [201, 202, 204])
def test_every_2xx_has_taken_it(receiver, status):
    receiver.reply = lambda _: Reply(status)

    assert post(receiver).taken


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_an_error_has_not(receiver, status):
    receiver.reply = lambda _: Reply(status)

    assert post(receiver) == module.Answer(taken=False, said=f"HTTP {status}")


def test_retry_after_is_heard(receiver):
    receiver.reply = lambda _: Reply(429, {"Retry-After": "90"})
    assert post(receiver).retry_after_s == 90

    receiver.reply = lambda _: Reply(503, {"Retry-After": formatdate(time.time() + 90, usegmt=True)})
    assert 80 < post(receiver).retry_after_s <= 90


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver, status):
    with closing_receiver() as elsewhere:
        receiver.reply = lambda _: Reply(status, {"Location": elsewhere.url})

        assert post(receiver) == module.Answer(taken=False, said=f"HTTP {status}")
        assert elsewhere.posted == []


def closing_receiver():
    """Ends with the block."""
    made = Receiver().start()
    made.close = made.stop
    return closing(made)


def test_cookies_are_not_kept_and_proxies_not_asked(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", NOWHERE)
    monkeypatch.setenv("ALL_PROXY", NOWHERE)
    receiver.reply = lambda _: Reply(200, {"Set-Cookie": "a=b"})
    again = Post(a_setting(url=receiver.url))

    assert again(b"{}", "1").taken
    assert again(b"{}", "2").taken
    assert "cookie" not in receiver.posted[1].headers


def test_an_endless_answer_is_not_read(receiver):
    sent = itertools.count()

    def endless():
        while True:
            next(sent)
            yield b"x" * 65_536

    receiver.reply = lambda _: Reply(200, {}, endless())

    assert post(receiver).taken
    assert next(sent) < 1000


def test_a_receiver_that_says_nothing_is_given_its_time_and_no_more(receiver):
    release = threading.Event()

    def slow(_):
        release.wait(20)
        return Reply()

    receiver.reply = slow
    started_s = time.monotonic()
    answer = post(receiver, timeout_s=0.3)
    release.set()

    assert answer == module.Answer(taken=False, said="no answer within 0.3 s")
    assert time.monotonic() - started_s < 5


def test_a_receiver_that_drips_its_headers_is_given_its_time_and_no_more():
    """Each piece comes in time; together they never end."""
    import socket  # noqa: PLC0415 - for this receiver alone

    ended = threading.Event()

    def drip(server):
        connection, _ = server.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.05):
                connection.sendall(b"x: y\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,), daemon=True)
        thread.start()
        hook = a_setting(url=f"http://127.0.0.1:{server.getsockname()[1]}/", timeout_s=0.5)
        started_s = time.monotonic()
        answer = Post(hook)(b"{}", "1")
        took_s = time.monotonic() - started_s
        ended.set()
        thread.join()

    assert took_s < 4
    assert answer.said == "no answer within 0.5 s"


def test_nobody_there_and_nonsense_are_failures_like_any_other(receiver):
    def hang_up(_):
        raise OSError

    receiver.reply = hang_up
    assert "RemoteProtocolError" in post(receiver).said

    receiver.stop()
    answer = post(receiver)
    assert not answer.taken
    assert "ConnectError" in answer.said


@pytest.mark.parametrize("ours", [True, False])
def test_only_the_authority_that_was_named_is_trusted(tmp_path, ours):
    authority, stranger = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    identity = authority.server("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    receiver = Receiver(tls=context).start()
    try:
        answer = post(receiver, ca_file=(authority if ours else stranger).certificate)
    finally:
        receiver.stop()

    assert answer.taken is ours
    assert len(receiver.posted) == ours
    assert ours or "CERTIFICATE_VERIFY_FAILED" in answer.said


def test_what_cannot_be_used_is_said_at_the_start(tmp_path):
    token = tmp_path / "token"
    for fields, why in [
        ({"token_file": token}, "token_file .*No such file"),
        ({"ca_file": tmp_path / "ca"}, "ca_file"),
        ({"url": "https://bureau.example/\x01"}, "url"),
    ]:
        with pytest.raises(UsageError, match=why):
            Post(a_setting(**fields))
    token.write_text("s3cret")
    token.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        Post(a_setting(token_file=token))
    for nothing in ("", " \n", "two\nlines", "schlüssel"):
        token.write_text(nothing)
        token.chmod(0o600)
        with pytest.raises(UsageError, match="token_file"):
            Post(a_setting(token_file=token))


# How long until the next one


@given(st.integers(1, 10_000), st.one_of(st.none(), st.floats(0, LONGEST_RETRY_AFTER_S)), st.floats(0, 1))
def test_waits_grow_to_a_bound_and_never_fall_below_what_the_receiver_asked(attempts, asked, chance):
    wait = wait_s(attempts, asked, chance)

    assert (
        (asked or 0)
        <= wait
        <= max(asked or 0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts - 1, 99)))
    )


def test_the_bound_doubles():
    assert [wait_s(n, None, 1.0) for n in range(1, 13)] == [
        5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600,
    ]  # fmt: skip


@given(
    st.one_of(st.text(max_size=40), st.integers().map(str), st.datetimes().map(lambda t: t.strftime("%c")))
)
def test_whatever_a_receiver_writes_there_is_a_wait_of_a_day_at_most_or_none(said):
    found = retry_after_s({"retry-after": said}, 1_800_000_000)

    assert found is None or 0 <= found <= LONGEST_RETRY_AFTER_S


# Many


def states(told):
    return [state for _, state in told.states()]


def test_a_failure_is_tried_again_later_until_it_is_taken(tmp_path, database, receiver):
    receiver.reply = lambda _: Reply(500)
    with a_told_city(tmp_path, database, hooks=[a_hook(url=receiver.url)]) as told:
        told.seal(a_case())
        webhooks = told.webhooks()
        assert webhooks.step("officer")
        assert not webhooks.step("officer")  # not at once again
        [waiting] = told.fanout.newest(9)
        assert (waiting.state, waiting.attempts, waiting.said) == ("waiting", 1, "HTTP 500")
        assert START_US <= waiting.due_utc_us <= START_US + 5 * S_US

        receiver.reply = lambda _: Reply()
        told.now_us = START_US + 5 * S_US
        webhooks.step("officer")

        assert states(told) == ["done"]
        first, second = receiver.posted
        assert first.body == second.body
        assert first.headers["x-delivery-id"] == second.headers["x-delivery-id"] == waiting.id
        assert json.loads(first.body)["delivery_id"] == waiting.id
        assert told.city.store.alarms() == []


def test_a_receiver_that_asks_for_peace_gets_it_from_the_whole_hook(tmp_path, receiver):
    """Else each of a thousand deliveries would have to be told so."""
    receiver.reply = lambda _: Reply(429, {"Retry-After": "600"})
    with a_told_city(tmp_path, hooks=[a_hook(url=receiver.url)]) as told:
        told.seal(*(a_case(number) for number in range(1, 4)))
        webhooks = told.webhooks()
        for second in range(0, 600, 60):
            told.now_us = START_US + second * S_US
            webhooks.step("officer")
        assert len(receiver.posted) == 1

        receiver.reply = lambda _: Reply()
        told.now_us = START_US + 600 * S_US
        while webhooks.step("officer"):
            pass
        assert states(told) == ["done"] * 3


def test_what_nobody_takes_for_days_is_an_alarm_and_ends(tmp_path, database, receiver):
    receiver.reply = lambda _: Reply(500)
    with a_told_city(tmp_path, database, hooks=[a_hook(url=receiver.url, give_up_days=2)]) as told:
        [sealed] = told.seal(a_case())
        webhooks = told.webhooks()
        for hour in range(49):
            told.now_us = START_US + hour * DAY_US // 24
            webhooks.step("officer")

        assert states(told) == ["given_up"]
        assert 40 < len(receiver.posted) <= 49
        [(at, _, what, detail)] = told.city.store.alarms()
        assert what == "webhook_given_up"
        assert at > START_US + DAY_US
        assert f"hook officer, epoch {told.box.head().epoch} seq {sealed.seq}" in detail
        assert "HTTP 500" in detail

        assert told.fanout.again("officer", told.now_us) == 1
        receiver.reply = lambda _: Reply()
        webhooks.step("officer")
        assert states(told) == ["done"]


def test_killed_between_the_pop_and_the_post_another_process_goes_on(
    tmp_path, database, receiver, monkeypatch
):
    with a_told_city(tmp_path, database, hooks=[a_hook(url=receiver.url)]) as told:
        told.seal(a_case())
        killed = told.webhooks()
        monkeypatch.setattr(killed, "_attempt", lambda _: None)  # it claimed one, and is no more
        killed.step("officer")
        assert (told.fresh(), receiver.posted) == (0, [])

        told.now_us = START_US + LEASE_US
        told.webhooks().step("officer")

        assert states(told) == ["done"]
        assert len(receiver.taken) == 1


def test_killed_between_the_answer_and_the_commit_the_receiver_hears_it_twice(
    tmp_path, database, receiver, monkeypatch
):
    with a_told_city(tmp_path, database, hooks=[a_hook(url=receiver.url)]) as told:
        told.seal(a_case())

        def away(*_):
            raise StoreFault("killed")

        with monkeypatch.context() as patch:
            patch.setattr(told.fanout, "delivered", away)
            with pytest.raises(StoreFault):
                told.webhooks().step("officer")
        told.now_us = START_US + LEASE_US
        told.webhooks().step("officer")

        assert states(told) == ["done"]
        assert len({posted.headers["x-delivery-id"] for posted in receiver.taken}) == 1
        assert len(receiver.taken) == 2


def test_one_dead_receiver_holds_no_other_hook_up_and_threads_end(tmp_path, receiver):
    hooks = [a_hook("officer", url=NOWHERE), a_hook("platform", url=receiver.url)]
    with a_told_city(tmp_path, hooks=hooks) as told:
        told.seal(a_case(1), a_case(2), a_zone_case())
        webhooks = told.webhooks()
        webhooks.start()
        until_s = time.monotonic() + 30
        while len(receiver.taken) < 3 and time.monotonic() < until_s:
            time.sleep(0.02)
        webhooks.stop()

        assert len(receiver.taken) == 3
        assert {"done", "waiting"} == set(states(told))
        assert not [t for t in threading.enumerate() if t.name.startswith("webhook-")]


def test_a_bug_in_one_attempt_is_seen_and_ends_no_thread(tmp_path, receiver, monkeypatch, caplog):
    def bug(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(module, "IDLE_S", 0.01)
    with a_told_city(tmp_path, hooks=[a_hook(url=receiver.url)]) as told:
        told.seal(a_case(1), a_case(2))
        webhooks = told.webhooks()
        with monkeypatch.context() as patch:
            patch.setattr(module, "body", bug)
            webhooks.start()
            eventually(lambda: caplog.text.count("ZeroDivisionError") >= 2)
        told.now_us = START_US + LEASE_US
        eventually(lambda: len(receiver.taken) == 2)
        webhooks.stop()


def eventually(true):
    until_s = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def test_the_owner_s_picture_is_read_where_the_platform_keeps_it(tmp_path, database, receiver):
    with a_told_city(tmp_path, database, hooks=[a_hook("owner", url=receiver.url)]) as told:
        told.seal(a_zone_case(), a_case())
        webhooks = told.webhooks()
        while webhooks.step("owner"):
            pass

        [posted] = receiver.taken
        assert len(json.loads(posted.body)["attachments"]) == 3


# What may be configured


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": "http://bureau.example/"}, "https"),
        ({"url": "ftp://bureau.example/"}, "no https address"),
        ({"url": "bureau.example"}, "no https address"),
        ({"url": "https://"}, "no https address"),
        ({"url": "https://bureau.example:99999/"}, "Port"),
        ({"url": "https://me:pw@bureau.example/"}, "token_file"),
        ({"route": "neighbour"}, "route"),
        ({"name": "two words"}, "name"),
        ({"route": "owner", "kinds": ["wim"]}, "owner"),
        ({"kinds": []}, "none of them"),
        ({"kinds": ["nonsense"]}, "kinds"),
        ({"tiers": ["purple"]}, "tiers"),
        ({"use_classes": ["all"]}, "use_classes"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"give_up_days": 61}, "give_up_days"),
    ],
)
def test_a_hook_that_could_not_work_or_would_tell_in_the_clear_is_refused(fields, why):
    with pytest.raises(ValidationError, match=why):
        WebhookSettings.model_validate(a_hook(**fields))


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/x", "http://localhost/", "http://[::1]/", "https://10.0.0.7/"]
)
def test_this_machine_in_the_clear_and_any_other_over_tls(url):
    assert a_setting(url=url).url == url


def test_two_of_a_name_and_another_consumer_beside_hooks_are_refused(tmp_path):
    places = dict.fromkeys(("data_dir", "devices_dir", "receipt_key_file"), tmp_path)
    for fields, why in [
        ({"webhooks": [a_hook(), a_hook()]}, "same name"),
        ({"webhooks": [a_hook()], "feed": True}, "feed"),
    ]:
        with pytest.raises(ValidationError, match=why):
            IngestSettings.model_validate({"tenant": "city", **places, **fields})


# The commands


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "platform.yaml"
    path.write_text(
        "tenant: city\ndata_dir: platform\ndevices_dir: devices\nreceipt_key_file: receipt.key\n"
        f"webhooks:\n- {{name: officer, route: officer, url: '{NOWHERE}', ca_file: ca.pem, token_file: t}}\n"
    )
    return path


def test_files_of_a_hook_are_relative_to_the_configuration(config):
    [hook] = load_settings(config).webhooks

    assert (hook.ca_file, hook.token_file) == (config.parent / "ca.pem", config.parent / "t")


def test_deliveries_are_listed_and_what_was_given_up_tried_again(config, tmp_path, capsys):
    with a_told_city(tmp_path, hooks=[a_hook()]) as told:
        [sealed] = told.seal(a_case())
        told.fanout.take_fresh(START_US)
        told.fanout.given_up(told.fanout.claim("officer", START_US), "HTTP 500", START_US)

    assert main(["inbox", "deliveries", "--config", str(config)]) == 0
    line, total = capsys.readouterr().out.splitlines()
    assert "officer" in line
    assert line.endswith(f"-{sealed.seq}  given_up, 1 attempts  HTTP 500")
    assert total == "1 given_up"

    assert main(["inbox", "redeliver", "officer", "--config", str(config)]) == 0
    assert "1 deliveries are due again" in capsys.readouterr().out
    assert main(["inbox", "deliveries", "--json", "--state", "waiting", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["hook"] == "officer"
    assert main(["inbox", "deliveries", "--json", "--state", "done", "--config", str(config)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["inbox", "redeliver", "nobody", "--config", str(config)]) == 2
    assert "nobody" in capsys.readouterr().err
