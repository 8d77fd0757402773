"""The command lines: the only place that puts the parts of CPE together."""
