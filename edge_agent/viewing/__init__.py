"""Recordings for the eyes: what they hold as things to show, written for Rerun and for Foxglove."""
