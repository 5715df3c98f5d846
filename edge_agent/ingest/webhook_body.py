"""What a hook is told: all of it for the bureau's own systems, and for a shop's owner what is the shop's.

An owner gets no envelope (boxes, scores and lists of other people's pictures are in it), no original
and no marked picture, no camera and no box: site and shop, since a shop's id is its site's, the words, the
times, the shop's own goods, and the copies in which everything else is masked.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from edge_agent.evidence import strict_json
from edge_agent.evidence.statement import Attachment, Statement, is_shared
from edge_agent.ingest.fanout import Delivery
from edge_agent.ingest.settings_outward import WebhookSettings
from edge_agent.ingest.summary import about

ReadFile = Callable[[str], bytes | None]  # by SHA-256

# Pictures go to an owner inside of the message: there is no page where a shop's owner could fetch them.
MAX_OWNER_PICTURES = 8
MAX_OWNER_BYTES = 6 * 1024 * 1024


def body(
    hook: WebhookSettings,
    delivery: Delivery,
    said: Statement,
    *,
    payload_sha256: str,
    envelope: bytes,
    public_url: str,
    read: ReadFile,
) -> dict[str, Any]:
    """The JSON that is posted.

    Args:
        hook: who is told.
        delivery: which telling it is.
        said: the statement in the envelope.
        payload_sha256: its identity.
        envelope: the exact signed bytes.
        public_url: of the inbox; empty for no links.
        read: an attachment's bytes; None where they are gone.
    """
    assert said.legal is not None or hook.route != "owner"
    common = {
        "schema": "webhook.v1",
        "delivery_id": delivery.id,
        "route": hook.route,
        "packet_id": said.packet_id,
        "payload_sha256": payload_sha256,
        "kind": said.kind.value,
        "use_class": said.legal.use_class.value if said.legal else None,
        "wording": said.legal.wording.model_dump() if said.legal else None,
        "event_utc_us": said.time.event_utc_us,
    }
    if hook.route == "owner":
        return common | _for_owner(said, read)
    return common | _for_bureau(said, delivery, envelope, public_url)


def _for_bureau(said: Statement, delivery: Delivery, envelope: bytes, public_url: str) -> dict[str, Any]:
    place = delivery.place
    page = f"{public_url.rstrip('/')}/statement/{place.device}/{place.epoch}/{place.seq}"
    recognised = said.recognition
    return {
        "device_id": said.device_id,
        "site_id": said.site_id,
        "plate": recognised.plate.text if recognised and recognised.plate else None,
        "about": about(said),
        "page": page if public_url else None,
        "attachments": [
            {
                **_listed(attachment),
                "url": f"{page}/file/{attachment.sha256}" if public_url else None,
            }
            for attachment in said.attachments
        ],
        "envelope": strict_json.loads(envelope, max_bytes=len(envelope)),
    }


def _for_owner(said: Statement, read: ReadFile) -> dict[str, Any]:
    street = said.storefront
    assert street is not None
    return {
        "about": {
            "site": said.site_id,
            "shop": street.shop,
            "zone": street.zone,
            "case": street.case,
            "revision": street.revision,
            "event_type": street.event_type,
            "phase": street.phase.value,
            "finding": street.finding.value,
            "tier": street.tier,
            "text": street.text.model_dump(),
            "first_seen_utc_us": street.first_seen_utc_us,
            "confirmed_utc_us": street.confirmed_utc_us,
            "ended_utc_us": street.ended_utc_us,
            "dwell_ms": street.dwell_ms,
            "stay_ms": street.stay_ms,
            "goods": sorted({item.label for item in street.items}),
        },
        "attachments": list(_masked_pictures(said, read)),
    }


def _masked_pictures(said: Statement, read: ReadFile) -> list[dict[str, Any]]:
    """The copies for the owner, with their bytes, as many as a message can hold."""
    out: list[dict[str, Any]] = []
    room = MAX_OWNER_BYTES
    # A copy with an original's very bytes is among them: it masks nothing, whatever the box says of it.
    unmasked = {file.sha256 for file in said.attachments if not is_shared(file.role)}
    for attachment in said.attachments:
        # By what the box says of its size first, which spares reading what is too large anyway.
        if attachment.sha256 in unmasked or attachment.size > room:
            continue
        data = read(attachment.sha256)
        if data is None or len(data) > room:
            continue
        room -= len(data)
        out.append({**_listed(attachment), "data": base64.b64encode(data).decode("ascii")})
        if len(out) == MAX_OWNER_PICTURES:
            break
    return out


def _listed(attachment: Attachment) -> dict[str, Any]:
    return {
        "role": attachment.role,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "capture_utc_us": attachment.capture_utc_us,
    }
