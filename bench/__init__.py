"""Measurements of taskfit against the floor that its engine sets, both in the same run."""
