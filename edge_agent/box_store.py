"""The box's evidence store, opened with the box's key; a prepared successor takes over here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from edge_agent.config.sealing import identity
from edge_agent.config.settings import SiteConfig
from edge_agent.devices import clock
from edge_agent.errors import EvidenceError
from edge_agent.evidence.enrolment import installed_certificates
from edge_agent.evidence.key_places import key_place, open_keys
from edge_agent.evidence.sm2 import Sm2FileKey
from edge_agent.evidence.store import EvidenceStore

log = logging.getLogger(__name__)


def open_store(config: SiteConfig, boot_id: str, utc_us: Callable[[], int] | None = None) -> EvidenceStore:
    """The box's evidence store with the box's key."""
    settings = config.evidence_settings()
    place = key_place(settings)
    key, successor = open_keys(place)
    keys = [held for held in (key, successor) if held]
    certificates = installed_certificates(settings.certificates_dir, [held.keyid for held in keys])
    store = EvidenceStore.open(
        settings.store,
        key,
        replace(identity(config, boot_id), device_certificates=certificates),
        successor=successor,
        utc_us=utc_us or clock.Clock(config.clock).utc_us,
        cosigners=[Sm2FileKey.load(settings.sm2_key_file)] if settings.sm2_key_file else [],
    )
    if successor is not None:
        log.warning("evidence key %s has taken over from %s", store.keyid, key.keyid)
        try:
            place.settle()
        except (OSError, EvidenceError) as error:
            # The chain knows which key signs; the next start tries again.
            log.warning("evidence key %s keeps its second name: %s", store.keyid, error)
    return store
