"""`taskfit view`: runs and their transcripts in a browser, on this machine alone."""
