"""Where large payloads lie, as an operator names it."""

from __future__ import annotations

from cpe.errors import ConfigError
from cpe.protocol.references import PayloadPlace


def payload_place(url: str, *, source: str) -> PayloadPlace:
    """Read where large payloads lie, as ``s3://bucket/prefix``.

    Args:
        url: Bucket and prefix; ``payloads/`` when it names no prefix.
        source: Who says so, for the message.

    Raises:
        ConfigError: ``PAYLOADS_INVALID``.

    Example:
        >>> payload_place("s3://my-payloads", source="CPE_PAYLOADS").url
        's3://my-payloads/payloads/'
    """
    place = PayloadPlace.parse(url)
    if place is None:
        raise ConfigError(
            f"{source} is {url!r}; it must be a bucket and a prefix, such as s3://my-payloads/payloads/",
            code="PAYLOADS_INVALID",
        )
    return place
