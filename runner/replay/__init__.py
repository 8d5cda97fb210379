"""Recorded trials taken up again: their files at any step, their calls made once more, other models going on."""
