"""Amazon SWF on one machine: an event-sourced engine, and the front that AWS SDKs talk to."""
