"""What programs that use CPE test with.

- :mod:`cpe.testing.activities`: run an activity without SWF, S3 or a worker.
- :mod:`cpe.testing.pytest_plugin`: a fixture that gives every test a fresh AWS of its own.
"""

from cpe.testing.activities import (
    ActivityEnvironment,
    ActivityEvent,
    FolderStorage,
    RecordingLogger,
    RecordingReporter,
)

__all__ = ["ActivityEnvironment", "ActivityEvent", "FolderStorage", "RecordingLogger", "RecordingReporter"]
