"""Sandboxes on the nodes of a Ray cluster, each with an engine of its own.

Only sandboxes live there. A trial's code, its model's calls and keys, the ledger and the transcripts stay in the
process that runs the study, so a result cannot depend on the node.
"""
