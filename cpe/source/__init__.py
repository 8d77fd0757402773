"""Files that people write, in YAML or JSON: plain values with the place of each, and findings at places."""

from cpe.source.findings import Finding, Suggestions, Unreadable
from cpe.source.json_text import read_json
from cpe.source.source import Path, Source
from cpe.source.yaml_text import read_yaml

__all__ = ["Finding", "Path", "Source", "Suggestions", "Unreadable", "read_json", "read_yaml"]
