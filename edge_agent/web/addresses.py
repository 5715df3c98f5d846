"""Who asks."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.requests import Request


def client_of(request: Request, *, behind_proxy: bool) -> str:
    """Who asks, as one key: an IPv4 address, or the /64 that a single IPv6 host can move about in."""
    said = request.client.host if request.client else ""
    if behind_proxy:
        # The last entry is the proxy's own word; those before it are whatever the browser sent.
        said = request.headers.get("x-forwarded-for", said).rsplit(",", 1)[-1].strip()
    try:
        address = ip_address(said)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return str(address)
