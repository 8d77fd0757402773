"""How long it takes to load and check a plan of many steps.

Each step runs an activity, requires its predecessor and renders its input from the workflow's input and the
predecessor's outputs; every fourth has a `when`, every fifth a `retry`.
"""

from __future__ import annotations

import argparse
import json
import time

from cpe.plan import parse_plan

SIZES = (100, 1_000, 2_000)
_ROUNDS = 3

_HEAD = """\
name: Long
version: "1.0"
activities:
  - name: Work
    version: v1
    input_spec: { type: object, required: [at] }
    outputs_spec: { value: "$.value", home-address: "$.addresses.home" }
steps:
"""


def plan_text(steps: int) -> str:
    """A plan of so many steps, each after the one before."""
    return _HEAD + "".join(_step(number) for number in range(steps))


def measure() -> dict[int, float]:
    """Seconds to load plans, by their number of steps: the best of three."""
    return {size: min(_load(plan_text(size)) for _ in range(_ROUNDS)) for size in SIZES}


def _step(number: int) -> str:
    lines = [f"  - name: Step{number}", "    activity: Work"]
    at = "{{ __input__.place.street }}"
    if number:
        before = f"Step{number - 1}"
        lines.append(f"    requires: [[{before}, succeeded]]")
        if number % 4 == 0:
            lines.append(f'    when: "$.{before}.value > $__input__.limit"')
        at = f"{{{{ {before}['home-address'] }}}}"
    if number % 5 == 0:
        lines.append("    retry: { max_attempts: 3, never: [INPUT_INVALID] }")
    lines += [
        "    input: |",
        f'      {{ "job": {{{{ __input__.job }}}}, "number": {number}, "at": {at} }}',
    ]
    return "\n".join(lines) + "\n"


def _load(text: str) -> float:
    began = time.perf_counter()
    parse_plan(text)
    return time.perf_counter() - began


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    as_json = parser.parse_args().json
    seconds = measure()
    if as_json:
        print(json.dumps({"load_seconds": seconds}))
        return
    print("  steps   seconds to load")
    for size, took in seconds.items():
        print(f"{size:7,}   {took:.3f}")


if __name__ == "__main__":
    main()
