"""Checks of what was made, before anybody sees it."""
