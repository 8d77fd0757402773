"""Bodies of messages, fit to be shown: secrets are masked, whether a body is JSON or was meant to be."""

from __future__ import annotations

import json
import re
from typing import Any

from cpe.cli.json_text import json_text
from cpe.config.secrets import MASK, is_secret, mask_url

# A name and what follows it, in what is no JSON: `"password": "x`, `password=x`.
_NAMED = re.compile(r"""(["']?)([\w.-]+)\1(\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&}\]]+)""")


def masked_body(body: str, *, indent: int | None = 2) -> str:
    """Lay a body out with its secrets masked, by the names of fields and within URLs.

    Example:
        >>> masked_body('{"password": "hunter2", "n": 1}', indent=None)
        '{"password": "***", "n": 1}'
        >>> masked_body('{"password": "hunter2"')
        '{"password": ***'
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return mask_url(_NAMED.sub(_masked_pair, body))
    return json_text(_masked(value), indent=indent)


def _masked(value: Any) -> Any:
    match value:
        case dict():
            return {key: MASK if is_secret(key) else _masked(item) for key, item in value.items()}
        case list():
            return [_masked(item) for item in value]
        case str():
            return mask_url(value)
    return value


def _masked_pair(found: re.Match[str]) -> str:
    quote, name, between, _ = found.groups()
    return f"{quote}{name}{quote}{between}{MASK}" if is_secret(name) else found[0]
