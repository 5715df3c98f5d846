"""A platform that tells others, and what a box seals for it, for the tests of the webhooks."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import func, select

from edge_agent.core.records import UseClass
from edge_agent.evidence.examples_street import a_report, a_zone_case
from edge_agent.ingest.fanout import Fanout
from edge_agent.ingest.keepers import attachment_reader
from edge_agent.ingest.settings_outward import WebhookSettings
from edge_agent.ingest.tables import fresh
from edge_agent.ingest.webhooks import Webhooks
from tests.inbox.city import City, a_box

S_US = 1_000_000
DAY_US = 86_400 * S_US
START_US = 1_800_000_000 * S_US
NOWHERE = "http://127.0.0.1:9/"


def a_hook(route="officer", **fields):
    return {"name": route, "route": route, "url": NOWHERE, **fields}


def a_setting(route="officer", **fields):
    return WebhookSettings.model_validate(a_hook(route, **fields))


ROUTES = ("owner", "officer", "platform")


class Told:
    """A city, its box, its hooks; the time is what the test says."""

    def __init__(self, folder, database, hooks) -> None:
        self.city = City(folder, database=database, webhooks=hooks)
        self.box = a_box(folder)
        self.now_us = START_US
        self.fanout = Fanout(self.city.store.database, self.city.settings.webhooks)

    def seal(self, *records, without=()):
        """The box seals these, the platform takes all in; returns what was sealed."""
        sealed = [self.box.seal(*record) for record in records]
        self.city.take(self.box, without=without)
        return sealed

    def webhooks(self, public_url=""):
        """The process that tells."""
        settings, store = self.city.settings, self.city.store
        read = attachment_reader(settings, store).read
        return Webhooks(settings.webhooks, self.fanout, store, read, public_url, lambda: self.now_us)

    def fresh(self):
        return self.city.store.rows(select(func.count()).select_from(fresh))[0][0]

    def states(self):
        """(hook, state) of every delivery, sorted."""
        return sorted((one.hook, one.state) for one in self.fanout.newest(1000))

    def close(self):
        self.box.close()
        self.city.close()


@contextmanager
def a_told_city(folder, database="", hooks=None):
    folder.mkdir(exist_ok=True)
    told = Told(folder, database, [a_hook(route) for route in ROUTES] if hooks is None else hooks)
    try:
        yield told
    finally:
        told.close()


def of_class(record, use_class):
    """The record, sealed in another class."""
    seal, blobs = record
    reasons = ("not approved",) if use_class is UseClass.REFERENCE else ()
    return replace(seal, use_class=use_class, reasons=reasons), blobs


def a_shop_case(number=1, **report):
    """A street's confirmed case; `report` changes what is said of it."""
    return a_zone_case(number, report=a_report(**report))
