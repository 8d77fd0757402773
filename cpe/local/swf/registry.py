"""The registry: register, deprecate, delete, describe and list domains and types.

Pure: requests and the time in, answers out. What changed waits in `Registry.take_changes` for whoever makes
it durable. Every value is frozen; a change puts another in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from cpe.local.swf.faults import SwfFault, invalid, unknown_resource
from cpe.local.swf.paging import PageTokens
from cpe.local.swf.registered import DOMAIN_ARN, Domain, Kind, RegisteredType, RegistryChange, TypeDeleted

#: Quotas of one account in one region (SWF developer guide, "Amazon SWF quotas").
MOST_DOMAINS = 100
MOST_TYPES = 10_000  # per domain, of each kind
#: The API reference of TagResource, and that of RegisterDomain.
MOST_TAGS = 50
LONGEST_RETENTION_DAYS = 90

_Key = tuple[Kind, str, str, str]


class Registry:
    """All domains and types.

    Args:
        pages: Issues the tokens of the lists.
    """

    def __init__(self, pages: PageTokens) -> None:
        self._pages = pages
        self._domains: dict[str, Domain] = {}
        self._types: dict[_Key, RegisteredType] = {}
        self._changes: list[RegistryChange] = []

    def restore(self, saved: Iterable[RegistryChange]) -> None:
        """Take in what was made durable, in any number of steps and in the order it happened."""
        for change in saved:
            self._apply(change)

    def take_changes(self) -> tuple[RegistryChange, ...]:
        """Hand over what changed since the last time."""
        changes = tuple(self._changes)
        self._changes.clear()
        return changes

    # What the engine asks

    def domain(self, name: str) -> Domain:
        """Find a domain, deprecated or not.

        Raises:
            SwfFault: ``UnknownResourceFault``.
        """
        domain = self._domains.get(name)
        if domain is None:
            raise unknown_resource(f"Unknown domain: {name}")
        return domain

    def domains(self) -> tuple[Domain, ...]:
        """Tell all domains, deprecated ones included."""
        return tuple(self._domains.values())

    def find_type(self, kind: Kind, domain: str, name: str, version: str) -> RegisteredType | None:
        """Find a type, deprecated or not."""
        return self._types.get((kind, domain, name, version))

    def type(self, kind: Kind, domain: str, name: str, version: str) -> RegisteredType:
        """Find a type, deprecated or not.

        Raises:
            SwfFault: ``UnknownResourceFault``.
        """
        found = self.find_type(kind, domain, name, version)
        if found is None:
            raise unknown_resource(f"Unknown type: {kind.capitalize()}Type=[name={name}, version={version}]")
        return found

    # Domains

    def register_domain(self, params: Mapping[str, Any], _now: float) -> None:
        """Answer RegisterDomain."""
        name = params["name"]
        if name in self._domains:
            raise SwfFault("DomainAlreadyExistsFault", name)
        if len(self._domains) >= MOST_DOMAINS:
            raise SwfFault("LimitExceededFault", f"An account has at most {MOST_DOMAINS} domains")
        domain = Domain(
            name=name,
            retention=_retention(params["workflowExecutionRetentionPeriodInDays"]),
            description=params.get("description"),
        )
        self._put(_tagged(domain, params.get("tags", ())))

    def deprecate_domain(self, params: Mapping[str, Any], now: float) -> None:
        """Answer DeprecateDomain, which deprecates the domain's types as well."""
        domain = self.domain(params["name"])
        if domain.deprecated:
            raise SwfFault("DomainDeprecatedFault", domain.name)
        self._put(replace(domain, deprecated=True))
        for each in [each for each in self._types.values() if each.domain == domain.name]:
            if each.deprecated is None:
                self._put(replace(each, deprecated=now))

    def undeprecate_domain(self, params: Mapping[str, Any], _now: float) -> None:
        """Answer UndeprecateDomain; its types stay deprecated."""
        domain = self.domain(params["name"])
        if not domain.deprecated:
            raise SwfFault("DomainAlreadyExistsFault", domain.name)
        self._put(replace(domain, deprecated=False))

    def describe_domain(self, params: Mapping[str, Any], _now: float) -> dict[str, Any]:
        """Answer DescribeDomain."""
        domain = self.domain(params["name"])
        configuration = {"workflowExecutionRetentionPeriodInDays": domain.retention}
        return {"domainInfo": domain.info(), "configuration": configuration}

    def list_domains(self, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Answer ListDomains: in alphabetical order."""
        deprecated = params["registrationStatus"] == "DEPRECATED"
        backwards = params.get("reverseOrder", False)
        found = sorted(
            (domain for domain in self._domains.values() if domain.deprecated == deprecated),
            key=lambda domain: domain.name,
            reverse=backwards,
        )
        page, token = self._pages.page(
            "ListDomains", params, now, found, lambda domain: [domain.name], descending=backwards
        )
        return _with_token({"domainInfos": [domain.info() for domain in page]}, token)

    # Tags

    def tag_resource(self, params: Mapping[str, Any], _now: float) -> None:
        """Answer TagResource."""
        self._put(_tagged(self._resource(params), params["tags"]))

    def untag_resource(self, params: Mapping[str, Any], _now: float) -> None:
        """Answer UntagResource; keys that are not there are no mistake."""
        domain = self._resource(params)
        gone = set(params["tagKeys"])
        tags = {key: value for key, value in domain.tags.items() if key not in gone}
        self._put(replace(domain, tags=tags))

    def list_tags_for_resource(self, params: Mapping[str, Any], _now: float) -> dict[str, Any]:
        """Answer ListTagsForResource."""
        tags = self._resource(params).tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    # Types

    def register_type(self, kind: Kind, params: Mapping[str, Any], now: float) -> None:
        """Answer RegisterWorkflowType or RegisterActivityType."""
        domain = self.domain(params["domain"])
        if domain.deprecated:
            raise unknown_resource(f"Deprecated domain: {domain.name}")
        new = RegisteredType(
            kind=kind,
            domain=domain.name,
            name=params["name"],
            version=params["version"],
            created=now,
            description=params.get("description"),
            defaults={name: value for name, value in params.items() if name.startswith("default")},
        )
        if _key(new) in self._types:
            raise SwfFault("TypeAlreadyExistsFault", str(new))
        if sum(key[:2] == (kind, domain.name) for key in self._types) >= MOST_TYPES:
            raise SwfFault("LimitExceededFault", f"A domain has at most {MOST_TYPES} {kind} types")
        self._put(new)

    def deprecate_type(self, kind: Kind, params: Mapping[str, Any], now: float) -> None:
        """Answer DeprecateWorkflowType or DeprecateActivityType."""
        found = self._named_type(kind, params)
        if found.deprecated is not None:
            raise SwfFault("TypeDeprecatedFault", str(found))
        self._put(replace(found, deprecated=now))

    def undeprecate_type(self, kind: Kind, params: Mapping[str, Any], _now: float) -> None:
        """Answer UndeprecateWorkflowType or UndeprecateActivityType."""
        found = self._named_type(kind, params)
        if found.deprecated is None:
            raise SwfFault("TypeAlreadyExistsFault", str(found))
        self._put(replace(found, deprecated=None))

    def delete_type(self, kind: Kind, params: Mapping[str, Any], _now: float) -> None:
        """Answer DeleteWorkflowType or DeleteActivityType; the name and version are free again."""
        found = self._named_type(kind, params)
        if found.deprecated is None:
            raise SwfFault("TypeNotDeprecatedFault", str(found))
        self._put(TypeDeleted(kind=kind, domain=found.domain, name=found.name, version=found.version))

    def describe_type(self, kind: Kind, params: Mapping[str, Any], _now: float) -> dict[str, Any]:
        """Answer DescribeWorkflowType or DescribeActivityType."""
        found = self._named_type(kind, params)
        return {"typeInfo": found.info(), "configuration": dict(found.defaults)}

    def list_types(self, kind: Kind, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Answer ListWorkflowTypes or ListActivityTypes: in alphabetical order of names, then versions."""
        domain = self.domain(params["domain"]).name
        deprecated = params["registrationStatus"] == "DEPRECATED"
        backwards = params.get("reverseOrder", False)
        found = sorted(
            (
                each
                for each in self._types.values()
                if (each.kind, each.domain) == (kind, domain)
                and (each.deprecated is not None) == deprecated
                and params.get("name") in {None, each.name}
            ),
            key=lambda each: (each.name, each.version),
            reverse=backwards,
        )
        page, token = self._pages.page(
            f"List{kind.capitalize()}Types",
            params,
            now,
            found,
            lambda each: [each.name, each.version],
            descending=backwards,
        )
        return _with_token({"typeInfos": [each.info() for each in page]}, token)

    def _named_type(self, kind: Kind, params: Mapping[str, Any]) -> RegisteredType:
        named = params[f"{kind}Type"]
        return self.type(kind, self.domain(params["domain"]).name, named["name"], named["version"])

    def _resource(self, params: Mapping[str, Any]) -> Domain:
        arn = params["resourceArn"]
        if not arn.startswith(DOMAIN_ARN):
            raise unknown_resource(f"Unknown resource: {arn}")
        return self.domain(arn.removeprefix(DOMAIN_ARN))

    def _put(self, change: RegistryChange) -> None:
        self._apply(change)
        self._changes.append(change)

    def _apply(self, change: RegistryChange) -> None:
        match change:
            case Domain():
                self._domains[change.name] = change
            case RegisteredType():
                self._types[_key(change)] = change
            case TypeDeleted():
                self._types.pop(_key(change), None)


def _key(each: RegisteredType | TypeDeleted) -> _Key:
    return each.kind, each.domain, each.name, each.version


def _retention(text: str) -> str:
    if text != "NONE" and not (re.fullmatch(r"[0-9]+", text) and int(text) <= LONGEST_RETENTION_DAYS):
        raise invalid(
            f"Value '{text}' at 'workflowExecutionRetentionPeriodInDays' failed to satisfy constraint: "
            f"Member must be NONE or a number of days up to {LONGEST_RETENTION_DAYS}"
        )
    return text


def _tagged(domain: Domain, tags: Iterable[Mapping[str, str]]) -> Domain:
    merged = dict(domain.tags) | {tag["key"]: tag.get("value", "") for tag in tags}
    if len(merged) > MOST_TAGS:
        raise SwfFault("TooManyTagsFault", f"A domain has at most {MOST_TAGS} tags")
    return replace(domain, tags=merged)


def _with_token(answer: dict[str, Any], token: str | None) -> dict[str, Any]:
    return answer if token is None else answer | {"nextPageToken": token}
