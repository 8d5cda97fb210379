"""What a shell command would do, judged on its parse tree."""

from runner.commands.classify import CommandReach, classify

__all__ = ["CommandReach", "classify"]
