"""A whole stack on one machine: the daemons as supervised processes, and the folder that tells about them."""
