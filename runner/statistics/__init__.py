"""Estimators: every number comes with its interval and its N, or with the reason why there is none."""
