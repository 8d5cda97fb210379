"""From a repository's history to proposals: which commits fix a fault and test it, and how the fault is told."""
