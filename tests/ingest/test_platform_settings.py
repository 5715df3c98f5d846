"""Which database a configuration may name, and how."""

import pytest
from pydantic import ValidationError

from edge_agent.errors import UsageError
from edge_agent.ingest.db import Database
from edge_agent.ingest.settings import IngestSettings


def settings(tmp_path, **fields):
    places = dict.fromkeys(("data_dir", "devices_dir", "receipt_key_file"), tmp_path)
    return IngestSettings.model_validate({"tenant": "city", **places, **fields})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///edge?host=/run/postgresql",
        "postgresql://edge@127.0.0.1:5433/edge",
        "postgresql://edge@localhost/edge",
        "postgresql://edge@[::1]/edge",
        "postgresql://edge@db.city.example/edge?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    ],
)
def test_a_database_may_be_on_this_machine_or_behind_verified_tls(tmp_path, url):
    assert settings(tmp_path, database=url).database == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://edge@db.city.example/edge", "verify-full"),
        ("postgresql://edge@db.city.example/edge?sslmode=require", "verify-full"),
        ("postgresql://edge@db.city.example/edge?sslmode=verify-full&sslmode=disable", "verify-full"),
        ("postgresql:///edge?host=db.city.example", "verify-full"),
        ("postgresql://edge@127.0.0.1/edge?hostaddr=10.0.0.7", "one host"),
        ("postgresql://edge@127.0.0.1/edge?host=db.city.example", "one host"),
        ("postgresql://edge@127.0.0.1,db.city.example/edge", "verify-full"),
        ("postgresql:///edge?host=/run/postgresql,db.city.example", "verify-full"),
        ("postgresql:///edge", "one host"),
        ("postgresql://edge@127.0.0.1/edge?service=city", "one host"),
        ("postgresql://edge:secret@127.0.0.1/edge", "database_password_file"),
        ("postgresql://edge@127.0.0.1/edge?password=secret", "database_password_file"),
        ("mysql://edge@127.0.0.1/edge", "postgresql://"),
        ("/var/lib/ingest.db", "postgresql://"),
    ],
)
def test_no_password_in_the_configuration_and_no_clear_text_on_a_wire(tmp_path, url, why):
    with pytest.raises(ValidationError, match=why):
        settings(tmp_path, database=url)


def test_the_password_comes_from_its_file_and_is_not_shown(tmp_path):
    (tmp_path / "password").write_text("s3cret\n")
    url = "postgresql://edge@127.0.0.1:1/edge"

    database = Database.of(settings(tmp_path, database=url, database_password_file=tmp_path / "password"))

    assert database.engine.url.password == "s3cret"
    assert "s3cret" not in str(database.engine.url)
    with pytest.raises(UsageError, match="database_password_file"):
        Database.of(settings(tmp_path, database=url, database_password_file=tmp_path / "absent"))
