"""Domains and types over HTTP: registered, described, listed, deprecated, deleted, tagged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.swf_world import ACTIVITY, DOMAIN, WORKFLOW, World, activity

ARN = f"arn:aws:swf:us-east-1:123456789012:/domain/{DOMAIN}"
TYPES = ("workflow_type", "activity_type")
NOTHING = {"name": "Nothing", "version": "1"}


def type_of(kind: str, value: dict[str, str]) -> dict[str, Any]:
    """Return the arguments that name a type: workflowType=… or activityType=…."""
    return {"domain": DOMAIN, kind.replace("_t", "T"): value}


def call(world: World, operation: str, kind: str, value: dict[str, str] | None = None) -> Any:
    """Call describe_workflow_type and the like, of the type that is there unless another is named."""
    there = WORKFLOW if kind == "workflow_type" else ACTIVITY
    return getattr(world.swf, f"{operation}_{kind}")(**type_of(kind, value or there))


def listed(world: World, kind: str, status: str = "REGISTERED", **settings: Any) -> list[tuple[str, str]]:
    """Return (name, version) of each type in a list."""
    answer = getattr(world.swf, f"list_{kind}s")(domain=DOMAIN, registrationStatus=status, **settings)
    found = [info[kind.replace("_t", "T")] for info in answer["typeInfos"]]
    return [(each["name"], each["version"]) for each in found]


@pytest.mark.proves("RegisterDomain", "DescribeDomain")
def test_a_domain_is_registered_and_described(world: World) -> None:
    world.swf.register_domain(
        name="second", description="another", workflowExecutionRetentionPeriodInDays="30", tags=[]
    )
    described = world.swf.describe_domain(name="second")
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": "30"}
    info = described["domainInfo"]
    assert (info["name"], info["status"], info["description"]) == ("second", "REGISTERED", "another")
    assert info["arn"].startswith("arn:aws:swf:")
    assert info["arn"].endswith(":/domain/second")


@pytest.mark.proves("RegisterDomain:DomainAlreadyExistsFault", "DescribeDomain:UnknownResourceFault")
def test_a_domain_is_there_once_or_not_at_all(world: World) -> None:
    with world.refused("DomainAlreadyExistsFault"):
        world.swf.register_domain(name=DOMAIN, workflowExecutionRetentionPeriodInDays="1")
    with world.refused("UnknownResourceFault", "nowhere"):
        world.swf.describe_domain(name="nowhere")


@pytest.mark.proves(
    "DeprecateDomain",
    "UndeprecateDomain",
    "DeprecateDomain:DomainDeprecatedFault",
    "DeprecateDomain:UnknownResourceFault",
    "UndeprecateDomain:DomainAlreadyExistsFault",
    "UndeprecateDomain:UnknownResourceFault",
)
def test_a_domain_goes_out_of_use_and_comes_back(world: World) -> None:
    world.swf.deprecate_domain(name=DOMAIN)
    assert world.swf.describe_domain(name=DOMAIN)["domainInfo"]["status"] == "DEPRECATED"
    with world.refused("DomainDeprecatedFault"):
        world.swf.deprecate_domain(name=DOMAIN)
    with world.refused("UnknownResourceFault"):
        world.register_workflow_type("Other")
    with world.refused("TypeDeprecatedFault"):
        world.start()
    assert listed(world, "activity_type", "DEPRECATED") == [("Pack", "1")]
    world.swf.undeprecate_domain(name=DOMAIN)
    assert world.swf.describe_domain(name=DOMAIN)["domainInfo"]["status"] == "REGISTERED"
    with world.refused("DomainAlreadyExistsFault"):
        world.swf.undeprecate_domain(name=DOMAIN)
    for operation in (world.swf.deprecate_domain, world.swf.undeprecate_domain):
        with world.refused("UnknownResourceFault"):
            operation(name="nowhere")


def test_what_runs_in_a_deprecated_domain_runs_on(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    world.swf.deprecate_domain(name=DOMAIN)
    world.swf.respond_activity_task_completed(taskToken=world.take()["taskToken"])
    assert world.kinds(run_id)[-2:] == ["ActivityTaskCompleted", "DecisionTaskScheduled"]
    assert (
        world.swf.count_open_workflow_executions(domain=DOMAIN, startTimeFilter={"oldestDate": 0})["count"]
        == 1
    )


@pytest.mark.proves("ListDomains")
def test_domains_are_listed_by_name_page_by_page(world: World) -> None:
    for name in ("zeta", "alpha", "middle"):
        world.swf.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")
    world.swf.deprecate_domain(name="middle")

    def names(**settings: Any) -> list[list[str]]:
        pages = world.swf.get_paginator("list_domains").paginate(**settings)
        return [[info["name"] for info in page["domainInfos"]] for page in pages]

    assert names(registrationStatus="REGISTERED") == [["alpha", DOMAIN, "zeta"]]
    assert names(registrationStatus="REGISTERED", reverseOrder=True) == [["zeta", DOMAIN, "alpha"]]
    assert names(registrationStatus="DEPRECATED") == [["middle"]]
    assert names(registrationStatus="REGISTERED", maximumPageSize=2) == [["alpha", DOMAIN], ["zeta"]]


@pytest.mark.proves("RegisterDomain:LimitExceededFault")
def test_there_are_a_hundred_domains_at_most(world: World) -> None:
    for number in range(99):
        world.swf.register_domain(name=f"domain-{number}", workflowExecutionRetentionPeriodInDays="1")
    with world.refused("LimitExceededFault"):
        world.swf.register_domain(name="one too many", workflowExecutionRetentionPeriodInDays="1")


@pytest.mark.proves("TagResource", "UntagResource", "ListTagsForResource")
def test_domains_have_tags(world: World) -> None:
    world.swf.tag_resource(resourceArn=ARN, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    world.swf.tag_resource(resourceArn=ARN, tags=[{"key": "a", "value": "3"}, {"key": "c"}])
    world.swf.untag_resource(resourceArn=ARN, tagKeys=["b", "nothing"])
    tags = world.swf.list_tags_for_resource(resourceArn=ARN)["tags"]
    assert {tag["key"]: tag.get("value", "") for tag in tags} == {"a": "3", "c": ""}


@pytest.mark.proves("RegisterDomain:TooManyTagsFault", "TagResource:TooManyTagsFault")
def test_a_domain_has_fifty_tags_at_most(world: World) -> None:
    tags = [{"key": str(number), "value": ""} for number in range(51)]
    with world.refused("TooManyTagsFault"):
        world.swf.tag_resource(resourceArn=ARN, tags=tags)
    with world.refused("TooManyTagsFault"):
        world.swf.register_domain(name="tagged", workflowExecutionRetentionPeriodInDays="1", tags=tags)
    world.swf.tag_resource(resourceArn=ARN, tags=tags[:50])


@pytest.mark.proves(
    "TagResource:UnknownResourceFault",
    "UntagResource:UnknownResourceFault",
    "ListTagsForResource:UnknownResourceFault",
)
def test_what_is_not_there_has_no_tags(world: World) -> None:
    nowhere = ARN.replace(DOMAIN, "nowhere")
    with world.refused("UnknownResourceFault"):
        world.swf.tag_resource(resourceArn=nowhere, tags=[{"key": "a"}])
    with world.refused("UnknownResourceFault"):
        world.swf.untag_resource(resourceArn=nowhere, tagKeys=["a"])
    with world.refused("UnknownResourceFault"):
        world.swf.list_tags_for_resource(resourceArn=nowhere)


@pytest.mark.proves("RegisterWorkflowType", "DescribeWorkflowType")
def test_a_workflow_type_is_registered_and_described(world: World) -> None:
    settings = {
        "defaultTaskStartToCloseTimeout": "NONE",
        "defaultExecutionStartToCloseTimeout": "86400",
        "defaultTaskList": {"name": "special"},
        "defaultTaskPriority": "-3",
        "defaultChildPolicy": "REQUEST_CANCEL",
        "defaultLambdaRole": "arn:aws:iam::123456789012:role/nobody",
    }
    world.swf.register_workflow_type(domain=DOMAIN, name="Full", version="2.0", description="all", **settings)
    described = world.swf.describe_workflow_type(
        domain=DOMAIN, workflowType={"name": "Full", "version": "2.0"}
    )
    assert described["configuration"] == settings
    info = described["typeInfo"]
    assert info["workflowType"] == {"name": "Full", "version": "2.0"}
    assert (info["status"], info["description"]) == ("REGISTERED", "all")
    assert "creationDate" in info
    assert "deprecationDate" not in info


@pytest.mark.proves("RegisterActivityType", "DescribeActivityType")
def test_an_activity_type_is_registered_and_described(world: World) -> None:
    settings = {
        "defaultTaskStartToCloseTimeout": "10",
        "defaultTaskHeartbeatTimeout": "NONE",
        "defaultTaskList": {"name": "special"},
        "defaultTaskPriority": "3",
        "defaultTaskScheduleToStartTimeout": "30",
        "defaultTaskScheduleToCloseTimeout": "40",
    }
    world.swf.register_activity_type(domain=DOMAIN, name="Full", version="2.0", **settings)
    described = world.swf.describe_activity_type(
        domain=DOMAIN, activityType={"name": "Full", "version": "2.0"}
    )
    assert described["configuration"] == settings
    assert described["typeInfo"]["activityType"] == {"name": "Full", "version": "2.0"}
    assert described["typeInfo"]["status"] == "REGISTERED"


@pytest.mark.proves(
    "RegisterWorkflowType:TypeAlreadyExistsFault",
    "RegisterWorkflowType:UnknownResourceFault",
    "RegisterActivityType:TypeAlreadyExistsFault",
    "RegisterActivityType:UnknownResourceFault",
)
@pytest.mark.parametrize("kind", TYPES)
def test_a_type_is_registered_once_in_a_domain_that_is_there(world: World, kind: str) -> None:
    there = WORKFLOW if kind == "workflow_type" else ACTIVITY
    register = getattr(world.swf, f"register_{kind}")
    with world.refused("TypeAlreadyExistsFault"):
        register(domain=DOMAIN, **there)
    with world.refused("UnknownResourceFault", "nowhere"):
        register(domain="nowhere", **there)
    call(world, "deprecate", kind)
    with world.refused("TypeAlreadyExistsFault"):
        register(domain=DOMAIN, **there)


@pytest.mark.proves(
    "DeprecateWorkflowType",
    "UndeprecateWorkflowType",
    "DeprecateActivityType",
    "UndeprecateActivityType",
    "DeprecateWorkflowType:TypeDeprecatedFault",
    "UndeprecateWorkflowType:TypeAlreadyExistsFault",
    "DeprecateActivityType:TypeDeprecatedFault",
    "UndeprecateActivityType:TypeAlreadyExistsFault",
)
@pytest.mark.parametrize("kind", TYPES)
def test_a_type_goes_out_of_use_and_comes_back(world: World, kind: str) -> None:
    call(world, "deprecate", kind)
    info = call(world, "describe", kind)["typeInfo"]
    assert info["status"] == "DEPRECATED"
    assert info["deprecationDate"] >= info["creationDate"]
    with world.refused("TypeDeprecatedFault"):
        call(world, "deprecate", kind)
    call(world, "undeprecate", kind)
    info = call(world, "describe", kind)["typeInfo"]
    assert info["status"] == "REGISTERED"
    assert "deprecationDate" not in info
    with world.refused("TypeAlreadyExistsFault"):
        call(world, "undeprecate", kind)


@pytest.mark.proves(
    "DeleteWorkflowType",
    "DeleteActivityType",
    "DeleteWorkflowType:TypeNotDeprecatedFault",
    "DeleteActivityType:TypeNotDeprecatedFault",
)
@pytest.mark.parametrize("kind", TYPES)
def test_a_type_is_deleted_once_it_is_out_of_use(world: World, kind: str) -> None:
    with world.refused("TypeNotDeprecatedFault"):
        call(world, "delete", kind)
    call(world, "deprecate", kind)
    call(world, "delete", kind)
    with world.refused("UnknownResourceFault"):
        call(world, "describe", kind)
    assert listed(world, kind, "DEPRECATED") == []
    register = world.register_workflow_type if kind == "workflow_type" else world.register_activity_type
    register()
    assert call(world, "describe", kind)["typeInfo"]["status"] == "REGISTERED"


def test_an_execution_outlives_its_type(world: World) -> None:
    run_id = world.start()
    world.decide(activity())
    call(world, "deprecate", "workflow_type")
    call(world, "delete", "workflow_type")
    call(world, "deprecate", "activity_type")
    call(world, "delete", "activity_type")
    world.swf.respond_activity_task_completed(taskToken=world.take()["taskToken"])
    world.decide(activity("b"))
    assert world.cause("ScheduleActivityTaskFailed", run_id) == "ACTIVITY_TYPE_DOES_NOT_EXIST"


@pytest.mark.proves(
    "DescribeWorkflowType:UnknownResourceFault",
    "DescribeActivityType:UnknownResourceFault",
    "DeprecateWorkflowType:UnknownResourceFault",
    "DeprecateActivityType:UnknownResourceFault",
    "UndeprecateWorkflowType:UnknownResourceFault",
    "UndeprecateActivityType:UnknownResourceFault",
    "DeleteWorkflowType:UnknownResourceFault",
    "DeleteActivityType:UnknownResourceFault",
)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("operation", ["describe", "deprecate", "undeprecate", "delete"])
def test_a_type_that_is_not_there_is_unknown(world: World, operation: str, kind: str) -> None:
    with world.refused("UnknownResourceFault", "Nothing"):
        call(world, operation, kind, NOTHING)


@pytest.mark.proves("ListWorkflowTypes", "ListActivityTypes")
@pytest.mark.parametrize("kind", TYPES)
def test_types_are_listed_by_name_page_by_page(world: World, kind: str) -> None:
    register = world.register_workflow_type if kind == "workflow_type" else world.register_activity_type
    for name, version in [("Zip", "1"), ("Add", "1"), ("Add", "2"), ("Mix", "1")]:
        register(name, version)
    call(world, "deprecate", kind, {"name": "Mix", "version": "1"})
    there = "Order" if kind == "workflow_type" else "Pack"
    assert [name for name, _ in listed(world, kind)] == ["Add", "Add", there, "Zip"]
    assert [name for name, _ in listed(world, kind, reverseOrder=True)] == ["Zip", there, "Add", "Add"]
    assert sorted(listed(world, kind, name="Add")) == [("Add", "1"), ("Add", "2")]
    assert listed(world, kind, "DEPRECATED") == [("Mix", "1")]
    pages = world.swf.get_paginator(f"list_{kind}s").paginate(
        domain=DOMAIN, registrationStatus="REGISTERED", maximumPageSize=3
    )
    assert [len(page["typeInfos"]) for page in pages] == [3, 1]


@pytest.mark.proves("ListWorkflowTypes:UnknownResourceFault", "ListActivityTypes:UnknownResourceFault")
@pytest.mark.parametrize("kind", TYPES)
def test_an_unknown_domain_has_no_types(world: World, kind: str) -> None:
    with world.refused("UnknownResourceFault", "nowhere"):
        getattr(world.swf, f"list_{kind}s")(domain="nowhere", registrationStatus="REGISTERED")
