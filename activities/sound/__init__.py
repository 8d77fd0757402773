"""The sound of a job's outputs."""
