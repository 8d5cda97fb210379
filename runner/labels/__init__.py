"""What readers say of steps: labels, notes, and what the right answer to a request was; kept beside the run."""
