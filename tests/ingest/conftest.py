"""Both databases that the platform may have, each test with an empty one."""

import uuid

import pytest

from edge_agent.bench.postgres import Postgres, find_postgres

DATABASES = ["sqlite", "postgres"]


@pytest.fixture(scope="session")
def postgres():
    """A server of this test session's own."""
    if find_postgres() is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    server = Postgres().start()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres):
    """An empty database on it."""
    name = f"t{uuid.uuid4().hex}"
    yield postgres.new_database(name)
    postgres.drop_database(name)


@pytest.fixture(params=DATABASES)
def database(request):
    """What `IngestSettings.database` says: empty for SQLite."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
