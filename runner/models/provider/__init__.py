"""Models that a provider serves: reached over HTTP, paid for, and not to be blamed for its provider's faults."""
