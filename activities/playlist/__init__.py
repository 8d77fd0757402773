"""Ladders to play over HTTP: HLS and DASH."""
