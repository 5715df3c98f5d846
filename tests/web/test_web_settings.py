import pytest
from pydantic import ValidationError

from edge_agent.loopback import is_loopback
from edge_agent.web.settings import WebSettings

TLS = {"tls_cert": "cert.pem", "tls_key": "key.pem"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_plain_http_never_leaves_this_machine(host):
    settings = WebSettings(host=host)
    assert is_loopback(host)
    assert not settings.secure
    assert settings.tls is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "192.168.1.2", "inbox.bureau.example", ""])
def test_another_address_needs_tls_or_a_proxy(host):
    with pytest.raises(ValidationError, match="tls_cert and tls_key, or behind_proxy"):
        WebSettings(host=host)
    assert WebSettings(host=host, **TLS).secure
    assert WebSettings(host=host, behind_proxy=True).secure


@pytest.mark.parametrize("half", list(TLS))
def test_certificate_and_key_come_together(half):
    with pytest.raises(ValidationError, match="come together"):
        WebSettings(**{half: TLS[half]})


def test_the_default_is_this_machine_alone():
    assert WebSettings().host == "127.0.0.1"
