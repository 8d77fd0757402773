"""The registry of domains and types: life cycles, faults, lists in pages, what is durable."""

from __future__ import annotations

from typing import Any

import pytest

from cpe.local.swf import registry as limits
from cpe.local.swf.faults import SwfFault
from cpe.local.swf.paging import LIFETIME, PageTokens
from cpe.local.swf.registered import Domain, Kind, RegisteredType, TypeDeleted
from cpe.local.swf.registry import Registry

NOW = 1_700_000_000.0
REGISTERED, DEPRECATED = {"registrationStatus": "REGISTERED"}, {"registrationStatus": "DEPRECATED"}
JOB = {"name": "Job", "version": "1"}
KINDS: tuple[Kind, ...] = ("workflow", "activity")


@pytest.fixture
def registry() -> Registry:
    """A registry with one domain and the type `JOB` of each kind."""
    registry = Registry(PageTokens(b"secret"))
    add_domain(registry, "media")
    for kind in KINDS:
        registry.register_type(kind, {"domain": "media", **JOB}, NOW)
    return registry


def add_domain(registry: Registry, name: str, days: str = "7", **more: Any) -> None:
    registry.register_domain({"name": name, "workflowExecutionRetentionPeriodInDays": days, **more}, NOW)


def of(kind: Kind) -> dict[str, Any]:
    return {"domain": "media", f"{kind}Type": JOB}


def fault(name: str) -> Any:
    return pytest.raises(SwfFault, match=f"^{name}: ")


def test_a_domain_is_described_as_registered(registry: Registry) -> None:
    add_domain(registry, "second", "NONE", description="the second", tags=[{"key": "team", "value": "x"}])
    arn = "arn:aws:swf:us-east-1:123456789012:/domain/second"
    assert registry.describe_domain({"name": "second"}, NOW) == {
        "domainInfo": {"name": "second", "status": "REGISTERED", "description": "the second", "arn": arn},
        "configuration": {"workflowExecutionRetentionPeriodInDays": "NONE"},
    }
    assert registry.list_tags_for_resource({"resourceArn": arn}, NOW) == {
        "tags": [{"key": "team", "value": "x"}]
    }


def test_the_life_of_a_domain(registry: Registry) -> None:
    media = {"name": "media"}
    with fault("DomainAlreadyExistsFault"):
        add_domain(registry, "media")
    with fault("DomainAlreadyExistsFault"):
        registry.undeprecate_domain(media, NOW)
    registry.deprecate_domain(media, NOW)
    assert registry.describe_domain(media, NOW)["domainInfo"]["status"] == "DEPRECATED"
    with fault("DomainDeprecatedFault"):
        registry.deprecate_domain(media, NOW)
    with fault("DomainAlreadyExistsFault"):
        add_domain(registry, "media")
    with fault("UnknownResourceFault"):
        registry.register_type("workflow", {"domain": "media", "name": "New", "version": "1"}, NOW)
    registry.undeprecate_domain(media, NOW)
    assert registry.describe_domain(media, NOW)["domainInfo"]["status"] == "REGISTERED"


@pytest.mark.parametrize("kind", KINDS)
def test_a_deprecated_domain_deprecates_its_types_for_good(registry: Registry, kind: Kind) -> None:
    registry.deprecate_domain({"name": "media"}, NOW + 5)
    registry.undeprecate_domain({"name": "media"}, NOW + 6)
    info = registry.describe_type(kind, of(kind), NOW)["typeInfo"]
    assert (info["status"], info["deprecationDate"]) == ("DEPRECATED", NOW + 5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_life_of_a_type(registry: Registry, kind: Kind) -> None:
    with fault("TypeAlreadyExistsFault"):
        registry.register_type(kind, {"domain": "media", **JOB}, NOW)
    with fault("TypeNotDeprecatedFault"):
        registry.delete_type(kind, of(kind), NOW)
    with fault("TypeAlreadyExistsFault"):
        registry.undeprecate_type(kind, of(kind), NOW)
    registry.deprecate_type(kind, of(kind), NOW + 5)
    with fault("TypeDeprecatedFault"):
        registry.deprecate_type(kind, of(kind), NOW)
    with fault("TypeAlreadyExistsFault"):
        registry.register_type(kind, {"domain": "media", **JOB}, NOW)
    registry.undeprecate_type(kind, of(kind), NOW)
    assert "deprecationDate" not in registry.describe_type(kind, of(kind), NOW)["typeInfo"]
    registry.deprecate_type(kind, of(kind), NOW)
    registry.delete_type(kind, of(kind), NOW)
    with fault("UnknownResourceFault"):
        registry.describe_type(kind, of(kind), NOW)
    registry.register_type(kind, {"domain": "media", **JOB, "description": "again"}, NOW + 9)
    assert registry.describe_type(kind, of(kind), NOW) == {
        "typeInfo": {
            f"{kind}Type": JOB,
            "status": "REGISTERED",
            "creationDate": NOW + 9,
            "description": "again",
        },
        "configuration": {},
    }


def test_the_two_kinds_of_types_do_not_mix(registry: Registry) -> None:
    registry.deprecate_type("workflow", of("workflow"), NOW)
    registry.delete_type("workflow", of("workflow"), NOW)
    assert registry.find_type("workflow", "media", "Job", "1") is None
    assert registry.find_type("activity", "media", "Job", "1") is not None


def test_defaults_are_the_configuration(registry: Registry) -> None:
    defaults = {
        "defaultTaskList": {"name": "t"},
        "defaultTaskPriority": "5",
        "defaultTaskHeartbeatTimeout": "9",
    }
    registry.register_type("activity", {"domain": "media", "name": "A", "version": "1", **defaults}, NOW)
    params = {"domain": "media", "activityType": {"name": "A", "version": "1"}}
    assert registry.describe_type("activity", params, NOW)["configuration"] == defaults


def test_whatever_is_not_there_is_unknown(registry: Registry) -> None:
    nowhere = {"name": "nowhere"}
    for call in (registry.deprecate_domain, registry.undeprecate_domain, registry.describe_domain):
        with fault("UnknownResourceFault"):
            call(nowhere, NOW)
    for arn in ("arn:aws:swf:us-east-1:123456789012:/domain/nowhere", "arn:aws:s3:::media", "media"):
        with fault("UnknownResourceFault"):
            registry.list_tags_for_resource({"resourceArn": arn}, NOW)
    for kind in KINDS:
        with fault("UnknownResourceFault"):
            registry.list_types(kind, {"domain": "nowhere", **REGISTERED}, NOW)


def test_tags_come_and_go_up_to_fifty(registry: Registry) -> None:
    arn = {"resourceArn": registry.domain("media").info()["arn"]}
    registry.tag_resource({**arn, "tags": [{"key": "a", "value": "1"}, {"key": "b"}]}, NOW)
    registry.tag_resource({**arn, "tags": [{"key": "a", "value": "2"}]}, NOW)
    assert dict(registry.domain("media").tags) == {"a": "2", "b": ""}
    with fault("TooManyTagsFault"):
        registry.tag_resource({**arn, "tags": [{"key": f"k{n}"} for n in range(49)]}, NOW)
    registry.untag_resource({**arn, "tagKeys": ["a", "gone"]}, NOW)
    assert dict(registry.domain("media").tags) == {"b": ""}
    with fault("TooManyTagsFault"):
        add_domain(registry, "tagged", tags=[{"key": f"k{n}"} for n in range(51)])


@pytest.mark.parametrize("days", ["91", "-1", "1.5", "none", "²"])
def test_a_retention_period_is_a_number_of_days(registry: Registry, days: str) -> None:
    with fault("ValidationException"):
        add_domain(registry, "second", days)


@pytest.mark.parametrize(("days", "seconds"), [("0", 0), ("NONE", 0), ("90", 90 * 86400)])
def test_retention_in_seconds(registry: Registry, days: str, seconds: float) -> None:
    add_domain(registry, "second", days)
    assert registry.domain("second").retention_seconds == seconds


def test_quotas(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_DOMAINS", 1)
    monkeypatch.setattr(limits, "MOST_TYPES", 1)
    with fault("LimitExceededFault"):
        add_domain(registry, "second")
    with fault("LimitExceededFault"):
        registry.register_type("workflow", {"domain": "media", "name": "B", "version": "1"}, NOW)


def test_domains_are_listed_by_name_and_status(registry: Registry) -> None:
    for name in ("zoo", "art"):
        add_domain(registry, name)
    registry.deprecate_domain({"name": "art"}, NOW)

    def names(**params: Any) -> list[str]:
        return [info["name"] for info in registry.list_domains(params, NOW)["domainInfos"]]

    assert names(**REGISTERED) == ["media", "zoo"]
    assert names(**REGISTERED, reverseOrder=True) == ["zoo", "media"]
    assert names(**DEPRECATED) == ["art"]


def pages(registry: Registry, **params: Any) -> list[list[str]]:
    """Read a list of workflow types page by page: the names and versions."""
    found: list[list[str]] = []
    query = {"domain": "media", **REGISTERED, **params}
    while True:
        answer = registry.list_types("workflow", query, NOW)
        types = [info["workflowType"] for info in answer["typeInfos"]]
        found.append([f"{each['name']}-{each['version']}" for each in types])
        if "nextPageToken" not in answer:
            return found
        query["nextPageToken"] = answer["nextPageToken"]


def test_types_are_listed_in_pages(registry: Registry) -> None:
    for name, version in (("Job", "2"), ("Act", "1"), ("Zip", "1")):
        registry.register_type("workflow", {"domain": "media", "name": name, "version": version}, NOW)
    assert pages(registry) == [["Act-1", "Job-1", "Job-2", "Zip-1"]]
    assert pages(registry, maximumPageSize=3) == [["Act-1", "Job-1", "Job-2"], ["Zip-1"]]
    assert pages(registry, maximumPageSize=2, reverseOrder=True) == [["Zip-1", "Job-2"], ["Job-1", "Act-1"]]
    assert pages(registry, name="Job", maximumPageSize=1) == [["Job-1"], ["Job-2"]]
    assert pages(registry, name="None") == [[]]


def test_a_page_goes_on_behind_what_has_left_the_list(registry: Registry) -> None:
    for name in ("A", "B", "C"):
        add_domain(registry, name)
    params = {**REGISTERED, "maximumPageSize": 2}
    first = registry.list_domains(params, NOW)
    registry.deprecate_domain({"name": "B"}, NOW)
    rest = registry.list_domains({**params, "nextPageToken": first["nextPageToken"]}, NOW)
    assert [info["name"] for info in first["domainInfos"]] == ["A", "B"]
    assert [info["name"] for info in rest["domainInfos"]] == ["C", "media"]


def test_page_tokens_are_good_for_their_query_and_a_day(registry: Registry) -> None:
    add_domain(registry, "second")
    params = {**REGISTERED, "maximumPageSize": 1}
    token = {"nextPageToken": registry.list_domains(params, NOW)["nextPageToken"]}
    assert registry.list_domains({**params, **token, "maximumPageSize": 5}, NOW + LIFETIME)
    with pytest.raises(SwfFault, match="exceeded its maximum lifetime"):
        registry.list_domains({**params, **token}, NOW + LIFETIME + 1)
    for other in ({**params, **token, "reverseOrder": True}, {**params, "nextPageToken": "forged"}):
        with pytest.raises(SwfFault, match="ValidationException: Invalid token"):
            registry.list_domains(other, NOW)
    with pytest.raises(SwfFault, match="Invalid token"):
        registry.list_types("workflow", {"domain": "media", **REGISTERED, **token}, NOW)


def test_what_changed_rebuilds_the_registry(registry: Registry) -> None:
    add_domain(registry, "second", tags=[{"key": "a"}])
    registry.deprecate_type("workflow", of("workflow"), NOW)
    registry.delete_type("workflow", of("workflow"), NOW)
    registry.deprecate_domain({"name": "media"}, NOW)
    changes = registry.take_changes()
    assert {type(change) for change in changes} == {Domain, RegisteredType, TypeDeleted}
    assert registry.take_changes() == ()
    other = Registry(PageTokens(b"secret"))
    other.restore(changes)
    assert other.domains() == registry.domains()
    for kind in KINDS:
        for status in (REGISTERED, DEPRECATED):
            query = {"domain": "media", **status}
            assert other.list_types(kind, query, NOW) == registry.list_types(kind, query, NOW)
    assert other.take_changes() == ()


def test_a_refused_request_changes_nothing(registry: Registry) -> None:
    registry.take_changes()
    with fault("DomainAlreadyExistsFault"):
        add_domain(registry, "media")
    assert registry.take_changes() == ()
