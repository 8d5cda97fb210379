"""A study worked through: ledger, caps, threads, and what mends a night."""
