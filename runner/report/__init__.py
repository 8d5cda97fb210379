"""What a run says about its models."""
