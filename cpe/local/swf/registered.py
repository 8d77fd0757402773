"""What is registered: domains and types, as frozen values.

They are what the registry holds, what the engine reads, and what a journal keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["workflow", "activity"]

REGION = "us-east-1"
ACCOUNT = "123456789012"
#: What precedes a domain's name in its ARN.
DOMAIN_ARN = f"arn:aws:swf:{REGION}:{ACCOUNT}:/domain/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A registered domain; `retention` is in days, as text, or ``NONE``."""

    name: str
    retention: str
    description: str | None = None
    deprecated: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def retention_seconds(self) -> float:
        """How long closed executions are kept; 0 when they are not."""
        return 0.0 if self.retention == "NONE" else int(self.retention) * 86_400.0

    def info(self) -> dict[str, Any]:
        """Describe it as SWF's ``DomainInfo``."""
        info = {"name": self.name, "status": _status(self.deprecated), "arn": DOMAIN_ARN + self.name}
        if self.description is not None:
            info["description"] = self.description
        return info


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredType:
    """A workflow or activity type; `defaults` has SWF's names, ``defaultTaskList`` and so on.

    `created` and `deprecated` are epoch seconds.
    """

    kind: Kind
    domain: str
    name: str
    version: str
    created: float
    description: str | None = None
    deprecated: float | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.kind.capitalize()}Type=[name={self.name}, version={self.version}]"

    def info(self) -> dict[str, Any]:
        """Describe it as SWF's ``WorkflowTypeInfo`` or ``ActivityTypeInfo``."""
        info: dict[str, Any] = {
            f"{self.kind}Type": {"name": self.name, "version": self.version},
            "status": _status(self.deprecated is not None),
            "creationDate": self.created,
        }
        if self.description is not None:
            info["description"] = self.description
        if self.deprecated is not None:
            info["deprecationDate"] = self.deprecated
        return info


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDeleted:
    """A type that is no more."""

    kind: Kind
    domain: str
    name: str
    version: str


#: What a change of the registry leaves behind, and what is enough to rebuild it.
RegistryChange = Domain | RegisteredType | TypeDeleted


def _status(deprecated: bool) -> str:
    return "DEPRECATED" if deprecated else "REGISTERED"
