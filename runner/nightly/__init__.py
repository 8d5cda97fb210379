"""A study every night: what starts it, and what is done when it starts."""
