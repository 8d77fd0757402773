"""One film made by many workers: its parts, and what joins them."""
