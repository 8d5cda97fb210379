"""Near duplicates: scenarios that say nearly the same as another one, or as a text that the user names."""
