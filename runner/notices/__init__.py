"""Somebody is told how a run goes: by a command, or by a message to a web address."""
