"""A client's own program on `cpe.client`: does what each line of standard input asks, and tells what it hears.

A line is JSON, ``[method, argument…]``. Standard output gets a line for each answer, ``{"answer": …}`` or
``{"refused": code}``, and between them one for each event, ``{"event": …}``.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from typing import Any

from cpe.client import Client, CommandRefused
from cpe.protocol import encode_event

_printing = threading.Lock()


def tell(**what: Any) -> None:
    with _printing:
        sys.stdout.write(f"{json.dumps(what)}\n")
        sys.stdout.flush()


def plain(value: Any) -> Any:
    """Lay a report out as JSON has it."""
    if isinstance(value, Iterator | tuple):
        return [plain(one) for one in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def do(client: Client, method: str, *arguments: Any) -> Any:
    if method == "start_job":
        return client.start_job(*arguments, wait=True)
    return getattr(client, method)(*arguments)


def read(client: Client) -> None:
    for event in client.events():
        tell(event=json.loads(encode_event(event)))


def main() -> None:
    client = Client.from_config(sys.argv[1], poll=2)
    reader = threading.Thread(target=read, args=(client,))
    reader.start()
    for line in sys.stdin:
        try:
            tell(answer=plain(do(client, *json.loads(line))))
        except CommandRefused as error:
            tell(refused=error.code)
    client.stop()
    reader.join()


if __name__ == "__main__":
    main()
