"""Assets on their way in and out: from buckets and the web into the scratch directory, and back."""
