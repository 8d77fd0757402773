"""Office documents and PDFs."""
