"""Videos and their thumbnails."""
