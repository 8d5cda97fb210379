"""taskfit: which model fits *your* bugs? The benchmark's own code; isolation lives in `sandboxes`."""

__version__ = "0.1.0"
