"""Search in the transcripts of runs: a query in words, an index that keeps up with them, and steps in context."""
