"""A run as it is seen, from within and from outside, and told."""
