"""Packs: folders of scenarios that people make of their own repositories and of foreign tasks."""
