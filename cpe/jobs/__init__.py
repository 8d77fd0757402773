"""The jobs that the stack has in SWF: what is known of them, and what can be done to them.

The input poller and the command line use it alike. `summary.py`, `report.py` and `listing.py` hold pure
values; :class:`Jobs` asks SWF.
"""

from cpe.jobs.jobs import Jobs
from cpe.jobs.listing import Listing
from cpe.jobs.report import ActivityReport, ActivityStatus, JobReport
from cpe.jobs.summary import JobStatus, JobSummary, summarize

__all__ = [
    "ActivityReport",
    "ActivityStatus",
    "JobReport",
    "JobStatus",
    "JobSummary",
    "Jobs",
    "Listing",
    "summarize",
]
