"""Every setting with its value and where it came from, fit to be shown: secrets are masked."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cpe.config.check import dotted
from cpe.config.layers import Kind, Layers, Origin
from cpe.config.load import settings_of
from cpe.config.secrets import MASK, is_secret, mask_url
from cpe.source import Path

_DEFAULTS = {
    "domain": "none: each command names its own",
    "output_queue": "none: events of clients that are not listed go nowhere",
    "payloads": "none: what SWF and SQS do not carry is refused",
    "clients": "none",
    "activities": "none",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting by its path in the file's layout, or a variable of boto3's by its name."""

    name: str
    value: str
    origin: Origin


def shown_settings(layers: Layers, *, environ: Mapping[str, str] | None = None) -> Iterator[Setting]:
    """Tell every setting.

    Args:
        layers: What was said.
        environ: Where boto3 reads its variables; the process's own environment by default.
    """
    environ = os.environ if environ is None else environ
    settings = settings_of(layers)
    file = "none" if settings.source is None else str(settings.source)
    yield Setting(name="config", value=file, origin=layers.config)
    tree = layers.tree
    for key in ("domain", "scratch", "output_queue", "payloads", "clients", "activities"):
        if tree.get(key):
            yield from _leaves(layers, (key,), tree[key], is_masked=False)
        else:
            value = str(settings.scratch_root()) if key == "scratch" else _DEFAULTS[key]
            yield Setting(name=key, value=value, origin=Origin(Kind.DEFAULT))
    for name in sorted(environ):
        if name.startswith("AWS_"):
            value = MASK if is_secret(name) else mask_url(environ[name])
            yield Setting(name=name, value=value, origin=Origin(Kind.VARIABLE, name))


def _leaves(layers: Layers, path: Path, value: Any, *, is_masked: bool) -> Iterator[Setting]:
    if value and isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(layers, (*path, key), item, is_masked=is_masked or is_secret(key))
    elif value and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(layers, (*path, index), item, is_masked=is_masked)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        shown = MASK if is_masked else mask_url(text)
        yield Setting(name=dotted(path), value=shown, origin=layers.origin(path))
