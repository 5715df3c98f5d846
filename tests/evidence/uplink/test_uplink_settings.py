import pytest
from pydantic import ValidationError

from edge_agent.evidence.uplink.settings import BrokerSettings, UplinkSettings


def test_evidence_does_not_leave_the_machine_in_the_clear():
    with pytest.raises(ValidationError, match="tls_ca_certs"):
        BrokerSettings(host="mqtt.example")
    for host in ("127.0.0.1", "::1", "localhost"):
        assert BrokerSettings(host=host).host == host


def test_a_certificate_without_its_key_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="come together"):
        BrokerSettings(tls_client_cert=tmp_path / "c.pem")


def test_a_message_that_could_never_go_is_refused():
    with pytest.raises(ValidationError, match="window_bytes"):
        UplinkSettings(window_bytes=64 * 1024, max_packet_bytes=128 * 1024)
