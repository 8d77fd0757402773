"""Command lines that ask AWS import no more than that takes: each answers within seven tenths of a second."""

from __future__ import annotations

from pathlib import Path

from cpe.local.server import LocalAws
from tests.local.command_line import CommandLine
from tests.local.stage import Stage
from tests.unit.test_cli_imports import imported


def test_what_asks_aws_imports_nothing_besides_botocore(local_aws: LocalAws, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    stage.register_domain()
    stage.provide_payloads()
    stage.swf.register_workflow_type(
        domain=stage.domain,
        name="Works",
        version="1.0",
        defaultTaskList={"name": "nobody"},
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="60",
        defaultChildPolicy="TERMINATE",
    )
    stage.swf.start_workflow_execution(
        domain=stage.domain, workflowId="ClientA.j1", workflowType={"name": "Works", "version": "1.0"}
    )
    config = str(CommandLine(stage, tmp_path).config)
    for arguments in (
        ("job", "start", "Works"),
        ("job", "list"),
        ("job", "show", "j1"),
        ("job", "history", "j1"),
        ("job", "signal", "j1", "go"),
        ("activity", "list", "j1"),
        ("worker", "list"),
        ("job", "cancel", "j1"),
    ):
        group, name, *rest = arguments
        found = imported(group, name, "-c", config, *rest, folder=tmp_path)
        assert found == {"botocore", "yaml"}, arguments
