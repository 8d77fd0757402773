"""The engine: commands and the time in, history events and answers out."""
