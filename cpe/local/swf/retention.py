"""How long closed executions are kept: as long as their domain says."""

from __future__ import annotations

import math

from cpe.local.swf.engine.changes import Store
from cpe.local.swf.registry import Registry

# Seconds of the service's clock between two looks at one domain.
_PAUSE = 1.0


class Retention:
    """Makes the store forget what a domain keeps no longer."""

    def __init__(self, registry: Registry, store: Store) -> None:
        self._registry = registry
        self._store = store
        self._looked: dict[str, float] = {}

    def apply(self, domain: str, now: float) -> None:
        """Forget what a domain keeps no longer; what it keeps not at all is gone at once.

        Raises:
            SwfFault: ``UnknownResourceFault``.
        """
        kept = self._registry.domain(domain).retention_seconds
        if not kept:
            self._store.forget_closed(domain, math.inf)
        elif now - self._looked.get(domain, -math.inf) >= _PAUSE:
            self._looked[domain] = now
            self._store.forget_closed(domain, now - kept)

    def apply_everywhere(self, now: float) -> None:
        """Forget what any domain keeps no longer."""
        for domain in self._registry.domains():
            self.apply(domain.name, now)
