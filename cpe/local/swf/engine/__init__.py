"""The engine: commands and the time in, history events and answers out."""

from cpe.local.swf.engine.engine import Engine

__all__ = ["Engine"]
