"""The street's test vectors: a case, its re-check, an inspection, what was watched; and forgeries."""

from __future__ import annotations

from typing import Any

from edge_agent.core.scene import Phase
from edge_agent.evidence import dsse, strict_json
from edge_agent.evidence.attachments import case_files
from edge_agent.evidence.build import Built, Earlier, build
from edge_agent.evidence.dsse import EVIDENCE_TYPE, Signature
from edge_agent.evidence.examples import KEY
from edge_agent.evidence.examples_street import a_coverage, a_zone_case
from edge_agent.evidence.identity import ChainLink, Identity
from edge_agent.evidence.sealable import Sealable

_CASES = {
    "inspection": a_zone_case(1, Phase.INSPECTION),
    "storefront": a_zone_case(1, Phase.CONFIRMED),
    "recheck": a_zone_case(1, Phase.RECHECK),
}


def link(before: Built, genesis: Built) -> ChainLink:
    """The place after a statement."""
    chain = before.statement.chain
    return ChainLink(chain.epoch, chain.seq + 1, before.sha256, genesis.sha256)


def street_chain(identity: Identity, last: Built, genesis: Built) -> dict[str, Built]:
    """Statements that follow `last`, by name."""
    seals: dict[str, Sealable] = {name: seal for name, (seal, _) in _CASES.items()}
    made: dict[str, Built] = {}
    for name, seal in {**seals, "coverage": a_coverage()}.items():
        first = made["storefront"].statement.packet_id if name == "recheck" else None
        assert seal.clock is not None
        last = made[name] = build(
            seal,
            identity,
            link(last, genesis),
            (seal.at + seal.clock.utc_minus_mono) // 1000 + 40_000,
            case_files(seal, None),
            earlier=Earlier(first, first) if first else None,
        )
    return made


def street_attachments() -> dict[str, bytes]:
    """Their files, by SHA-256."""
    return {sha256: data for _, blobs in _CASES.values() for sha256, data in blobs.items()}


def bad_street(case: Built) -> dict[str, tuple[bytes, str, str]]:
    """Name -> (envelope, check that fails, why)."""
    payload = case.payload
    signature = KEY.sign(dsse.pae(EVIDENCE_TYPE, payload))

    def resigned(**fields: Any) -> bytes:
        return dsse.sign(EVIDENCE_TYPE, strict_json.dumps({**strict_json.loads(payload), **fields}), [KEY])

    def storefront(**fields: Any) -> dict[str, Any]:
        return {**strict_json.loads(payload)["storefront"], **fields}

    listed = strict_json.loads(payload)["attachments"]
    other_shop = payload.replace(b'"shop":"s1"', b'"shop":"s2"')
    assert other_shop != payload
    return {
        "shop-changed": (
            dsse.envelope(EVIDENCE_TYPE, other_shop, [Signature(KEY.keyid, signature)]),
            "signature",
            "another shop was put in after signing",
        ),
        "suspect-as-case": (
            resigned(storefront=storefront(finding="suspect")),
            "form",
            "what no class names is never a case by itself",
        ),
        "unseen-as-case": (
            resigned(storefront=storefront(finding="unseen")),
            "form",
            "what was not seen cannot be confirmed",
        ),
        "copy-without-original": (
            resigned(attachments=[a for a in listed if a["role"] != "confirmed"]),
            "form",
            "a copy whose original is neither attached nor missing",
        ),
        "shared-unmasked": (
            resigned(attachments=[{**a, "privacy_mask": False} for a in listed]),
            "form",
            "the shop owner's copy must have others masked",
        ),
        "recheck-as-case": (resigned(kind="recheck"), "form", "kind and phase differ"),
    }
