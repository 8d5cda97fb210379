"""From a trial's changes to a verdict, in a clean sandbox."""
