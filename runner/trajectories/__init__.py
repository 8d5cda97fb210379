"""Trials in the formats of others, and theirs as runs of ours: one module a format."""
