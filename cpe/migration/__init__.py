"""From other transcoders' files to ours. Pure: JSON in, JSON and notes out."""

from cpe.migration.importing import Import, import_documents
from cpe.migration.notes import Level, Note

__all__ = ["Import", "Level", "Note", "import_documents"]
