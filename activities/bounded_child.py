"""The process in which strangers' pictures and documents are read; :mod:`activities.bounded` starts it.

Run as ``python -I bounded_child.py MODULE MEMORY REQUEST``. It answers with one JSON object on standard
output.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module
from pathlib import Path

_MODULES = ("activities.picture_work", "activities.page_work")
_DESCRIPTORS = 64


def main(arguments: list[str]) -> None:
    """Limit this process, then let a module work on the request."""
    module, memory, request = arguments
    if module not in _MODULES:
        sys.exit(f"{module} does no such work")
    _limit(int(memory))
    # The same code as the one that started this process; -I leaves only what is installed.
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from activities.refusal import Refusal

    try:
        answer = import_module(module).work(json.loads(request))
    except Refusal as refusal:
        answer = {"refusal": {"code": refusal.code, "message": refusal.message}}
    except MemoryError:
        message = "The input takes more memory to read than is allowed here."
        answer = {"refusal": {"code": "INPUT_TOO_COMPLEX", "message": message}}
    sys.stdout.write(json.dumps(answer))


def _limit(memory: int) -> None:
    if sys.platform == "linux":  # macOS has no limit of address space that is kept
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = _DESCRIPTORS if most == resource.RLIM_INFINITY else min(_DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))


if __name__ == "__main__":
    main(sys.argv[1:])
