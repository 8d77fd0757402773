"""What an input is: its type, its streams, its frames."""
