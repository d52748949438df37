"""DNS TXT look-ups, for Bluesky handles that are proven in DNS (`MOORLINE_BLUESKY_DNS`)."""

from moorline.errors import Unreachable

LIFETIME_S = 5.0


async def resolve_txt(name: str) -> list[str]:
    """The TXT records of a name, the strings of each joined; none when the name has none.

    Raises: Unreachable when no name server answers in time.
    """
    # Imported here: the setting is off by default, and the library takes longer to load than a whole request.
    import dns.asyncresolver
    import dns.exception
    import dns.resolver

    try:
        answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=LIFETIME_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise Unreachable(f"The name servers gave no usable answer for {name}.") from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
