"""Blind probes: what a model knows of a task from its instruction alone, without a tool or a look at the repository."""
