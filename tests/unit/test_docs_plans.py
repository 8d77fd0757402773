"""The plans shown in the documentation are plans."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cpe.plan import parse_plan

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "plans.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.split('"')[1])
def test_an_example_loads(text: str) -> None:
    parse_plan(text)


def test_every_code_that_a_finding_can_have_is_documented() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "cpe" / "plan").glob("*.py"))
    codes = set(re.findall(r'"([A-Z]+_[A-Z_]+|CYCLE)"', source)) - {"INPUT_NAME"}
    documented = (ROOT / "docs" / "plans.md").read_text("utf-8")
    assert codes
    assert [code for code in sorted(codes) if code not in documented] == []
