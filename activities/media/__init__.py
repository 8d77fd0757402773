"""What a media job means, as pure functions over frozen values."""
