"""FFmpeg on this machine: where it is, what it can do, and its runs in one task's scratch directory."""
