"""One attempt of one model at one scenario, step by step."""
