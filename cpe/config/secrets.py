"""What is never shown: secrets, by the names they have and within URLs."""

from __future__ import annotations

import re

MASK = "***"

_NAMES = re.compile(
    r"secret|token|passw|pwd|credential|signature|authorization|private_?key|api_?key", re.IGNORECASE
)
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_PARAMETER = re.compile(rf"([?&][^=&#\s]*(?:{_NAMES.pattern})[^=&#\s]*=)[^&#\s]*", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Tell whether what has this name must not be shown.

    Example:
        >>> is_secret("AWS_SESSION_TOKEN"), is_secret("AWS_PROFILE")
        (True, False)
    """
    return _NAMES.search(name) is not None


def mask_url(text: str) -> str:
    """Mask user, password and secret parameters of the URLs in a text.

    Example:
        >>> mask_url("proxy https://me:pass@host/a?token=1&b=2")
        'proxy https://***@host/a?token=***&b=2'
    """
    return _PARAMETER.sub(rf"\1{MASK}", _USER.sub(f"{MASK}@", text))
