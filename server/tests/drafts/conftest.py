"""A server without workers, for tests that turn the crank themselves: the one of mail out."""

from outbound.conftest import bench, idle

__all__ = ["bench", "idle"]
