"""Other harnesses' own libraries, in an environment of their own."""
