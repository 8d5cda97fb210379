"""Twins: scenarios made from others by a named, seeded transformation, and proved like them."""
