"""A transcript as one reads it: turns, calls and what became of them, and where to look. Data alone, no markup."""
