"""Scenarios and their repositories: read from disk, checked out, made ready."""
