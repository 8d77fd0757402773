"""The engine: commands and the time in, history events and answers out.

Read :mod:`~cpe.local.swf.engine.fold` for what an event means, :mod:`~cpe.local.swf.engine.decisions` for
what a decision does, and :mod:`~cpe.local.swf.engine.world` for how an event comes about.

Where AWS's documents are silent, the engine decides so:

* What executions do to each other (a child's start, an external signal or request to cancel) happens within
  the call that asks for it, after all of its decisions. On AWS it takes a moment.
* UNHANDLED_DECISION looks at what happened before the answer came. What the other decisions of the same
  answer bring about, such as the cancellation of a task that nobody had taken, keeps nothing from closing.
* A decision that failed calls its decider again, as an activity that ended does.
* An activity task that nobody was asked to cancel may be answered with RespondActivityTaskCanceled.
* Tasks of one priority that were scheduled in the same millisecond go by the age of their executions.
* The 25,000th event of a history is the one that closes it.
"""

from cpe.local.swf.engine.engine import Engine

__all__ = ["Engine"]
