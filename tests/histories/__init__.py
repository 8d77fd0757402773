"""Histories recorded on the local SWF, and what records them."""
