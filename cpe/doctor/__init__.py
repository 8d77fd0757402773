"""The doctor: looks at all that a stack needs, and says of each fault what it is and the way out."""

from cpe.doctor.examine import Case, examine
from cpe.doctor.finding import Finding, Part, Status

__all__ = ["Case", "Finding", "Part", "Status", "examine"]
