"""The measures: from transcripts to numbers that link back to the steps behind them."""
