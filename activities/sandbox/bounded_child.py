"""The process that reads strangers' pictures and documents; :mod:`~activities.sandbox.bounded` starts it.

Run as ``python -I bounded_child.py MODULE REQUEST``. It answers with one JSON object on standard output.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

_MODULES = ("activities.pictures.picture_work", "activities.documents.page_work")


def main(arguments: list[str]) -> None:
    """Let a module work on the request."""
    module, request = arguments
    if module not in _MODULES:
        sys.exit(f"{module} does no such work")
    # The same code as the one that started this process; -I leaves only what is installed.
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    from activities.sandbox.refusal import Refusal

    try:
        answer = import_module(module).work(json.loads(request))
    except Refusal as refusal:
        answer = {"refusal": {"code": refusal.code, "message": refusal.message}}
    except MemoryError:
        message = "The input takes more memory to read than is allowed here."
        answer = {"refusal": {"code": "INPUT_TOO_COMPLEX", "message": message}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
