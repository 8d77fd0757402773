"""What a task works with: its settings, its share of the machine, its clock, and what it tells the client."""
