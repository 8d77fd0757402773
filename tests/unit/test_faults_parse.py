"""Faults as people write them; every mistake is named with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cpe.errors import ConfigError
from cpe.local.faults import FaultKind, FaultPlan, FaultRule, gather_faults, parse_faults, read_faults
from cpe.local.faults.parse import decode_faults
from cpe.local.faults.rules import TIMEOUT_MS

LOST = FaultRule(
    service="swf", operation="RespondDecisionTaskCompleted", kind=FaultKind.LOST, probability=0.1
)
SLOW = FaultRule(service="s3", kind=FaultKind.LATENCY, limit=3, ms=200)
PLAN = FaultPlan(seed=7, rules=(LOST, SLOW))

YAML = """
seed: 7
rules:
  - {service: swf, operation: RespondDecisionTaskCompleted, kind: lost, probability: 0.1}
  - service: s3
    kind: latency
    ms: 200
    limit: 3
"""
TEXT = "seed=7 swf.RespondDecisionTaskCompleted.lost=0.1\ns3.*.latency=1,ms=200,limit=3"


def test_files_and_text_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "faults.yml").write_text(YAML)
    rules = [rule.to_json() for rule in PLAN.rules]
    (tmp_path / "faults.json").write_text(json.dumps({"seed": 7, "rules": rules}, indent="\t"))
    (tmp_path / "faults.txt").write_text(TEXT)
    for name in ("faults.yml", "faults.json", "faults.txt"):
        assert read_faults(tmp_path / name) == PLAN, name
    assert parse_faults(TEXT) == PLAN


def test_what_is_left_out() -> None:
    rule, silent = parse_faults("*.*.timeout=0.5 sqs.ReceiveMessage.timeout=1,ms=5").rules
    assert rule == FaultRule(service="*", kind=FaultKind.TIMEOUT, probability=0.5, ms=TIMEOUT_MS)
    assert silent.ms == 5
    assert decode_faults(b"", place="f") == FaultPlan()
    assert decode_faults(b"rules: [{service: sqs, kind: error}]", place="f").rules[0].probability == 1


def test_sources_are_put_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a=b.yml").write_text(YAML)
    plan = gather_faults([str(tmp_path / "a=b.yml"), "sns.*.reset=1", "seed=9"], place="--faults")
    assert plan.seed == 9
    assert [str(rule.kind) for rule in plan.rules] == ["lost", "latency", "reset"]
    assert gather_faults([], place="--faults") == FaultPlan()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("swf", "--faults: 'swf' is not service.operation.kind=probability"),
        ("swf.lost=1", "--faults: 'swf.lost=1' is not service.operation.kind=probability"),
        ("swf.*.lost=", "--faults: 'swf.*.lost=' is not service.operation.kind=probability"),
        ("swf.*.lost=often", "--faults: 'swf.*.lost=often' has 'often' where a number must be"),
        ("swf.*.lost=1.5", "'swf.*.lost=1.5': probability must be a number from 0 to 1"),
        ("swf.*.lost=nan", "probability must be a number from 0 to 1"),
        ("ec2.*.lost=1", "service cannot be 'ec2'; use swf or sqs or sns or s3 or *"),
        ("swf.*.explode=1", "kind cannot be 'explode'; use throttle or error or reset or timeout or lost"),
        (
            "swf.PollForDecisionTsk.lost=1",
            "operation cannot be 'PollForDecisionTsk'; use PollForDecisionTask",
        ),
        ("s3.ReceiveMessage.lost=1", "operation cannot be 'ReceiveMessage'"),
        ("sqs.*.corrupt=1", "kind can be corrupt in s3 only"),
        ("s3.PutObject.corrupt=1", "operation cannot be 'PutObject'; use * or GetObject"),
        ("swf.*.latency=1", "lacks 'ms', the milliseconds that latency adds"),
        ("swf.*.latency=1,ms=-1", "ms must be a whole number of milliseconds"),
        ("swf.*.lost=1,ms=5", "ms means nothing to lost; it is for latency and timeout"),
        ("swf.*.lost=1,limit=0", "limit must be a whole number from 1 on"),
        ("swf.*.lost=1,limit=1.5", "limit must be a whole number from 1 on"),
        ("swf.*.lost=1,often=3", "knows limit= and ms= after the probability, not 'often=3'"),
        ("seed=x", "has 'x' where a number must be"),
        ("seed=1.5", "--faults: seed must be a whole number"),
    ],
)
def test_mistakes_in_text(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_faults(text, place="--faults")
    assert message in refused.value.message
    assert refused.value.message.startswith("--faults: ")
    assert refused.value.code == "FAULTS_INVALID"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"rules: [", "f.yml:1:9: "),
        (b"rules:\n\t- a", "f.yml:2:1: "),
        (b"\xff\xfe\xfa", "f.yml: is neither YAML nor JSON"),
        (b"- a", "f.yml must hold an object with 'rules'"),
        (b"7", "f.yml must hold an object with 'rules'"),
        (b"rules: 7", "f.yml: rules must be a list"),
        (b"rules: [7]", "f.yml: rules[0] must be an object with 'service' and 'kind'"),
        (b"rule: []", "f.yml has no key 'rule'; use seed or rules"),
        (b"seed: true", "f.yml: seed must be a whole number"),
        (b"rules: [{kind: lost}]", "f.yml: rules[0] lacks 'service'"),
        (b"rules: [{service: swf, kind: lost}, {service: swf}]", "f.yml: rules[1] lacks 'kind'"),
        (b"rules: [{service: [swf], kind: lost}]", "f.yml: rules[0]: service cannot be ['swf']"),
        (b"rules: [{service: swf, kind: lost, probability: '1'}]", "rules[0]: probability must be a number"),
        (b"rules: [{service: swf, kind: lost, probabilty: 1}]", "rules[0] has no key 'probabilty'"),
        (b"rules: [{service: swf, kind: lost, limit: true}]", "rules[0]: limit must be a whole number"),
    ],
)
def test_mistakes_in_files(content: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        decode_faults(content, place="f.yml")
    assert message in refused.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yml: cannot be read: No such file"):
        gather_faults([str(tmp_path / "nowhere.yml")], place="--faults")
