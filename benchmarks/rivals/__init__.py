"""What stands around the deciders that benchmarks.decider_rivals compares, and the rivals' own workflows."""
