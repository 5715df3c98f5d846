"""A platform on each database, with what a box has sent it; as it was again after each test."""

import uuid

import pytest
from sqlalchemy import select

from edge_agent.core.scene import Phase
from edge_agent.evidence.examples import a_case
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.inbox.accounts import InboxAccounts, inbox_session, inbox_user
from edge_agent.inbox.reviews import Reviews, dispatch, review
from edge_agent.ingest.tables import statement
from edge_agent.web import passwords
from tests.inbox.city import City, a_box, ambiguous
from tests.ingest.conftest import DATABASES, postgres

__all__ = ["postgres"]

KEPT = (review, dispatch, inbox_session, inbox_user, statement)


@pytest.fixture(scope="module", params=DATABASES)
def filled(request, tmp_path_factory):
    """A platform, and by name what was taken in."""
    folder, url = tmp_path_factory.mktemp("city"), ""
    if request.param == "postgres":
        name = f"t{uuid.uuid4().hex}"
        server = request.getfixturevalue("postgres")
        url = server.new_database(name)
    city = City(folder, database=url)
    for tables in (InboxAccounts, Reviews):
        tables(city.store.database)
    with a_box(folder) as box:
        sealed = {
            "weighing": box.seal(*a_case(1)),
            "ambiguous": box.seal(*ambiguous(2)),
            "confirmed": box.seal(*a_zone_case(1)),
            "cleared": box.seal(*a_zone_case(1, Phase.CLEARED)),
            "inspection": box.seal(*a_zone_case(1, Phase.INSPECTION)),
            "coverage": box.seal(a_coverage(), {}),
        }
        city.take(box)
    yield city, sealed
    city.close()
    if url:
        server.drop_database(name)


@pytest.fixture
def city(filled):
    city, _ = filled
    with city.store.database.reading() as connection:
        rows = [row._asdict() for row in connection.execute(select(statement))]
    yield city
    with city.store.database.transaction() as connection:
        for table in KEPT:
            connection.execute(table.delete())
        connection.execute(statement.insert(), rows)


@pytest.fixture
def sealed(filled):
    return filled[1]


@pytest.fixture
def quick_passwords(monkeypatch):
    monkeypatch.setattr(passwords, "COST", 2**4)
    monkeypatch.setattr(passwords, "PASSES", 1)
