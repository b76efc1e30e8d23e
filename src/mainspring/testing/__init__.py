"""For the tests of our users: a workspace that lasts for one test, a played clock, an object store in memory.

Toy models are in `mainspring.testing.models`; contract suites for those who write an object store of their own in
`mainspring.testing.contracts`.
"""

from mainspring.kernel.clock import PlayedClock
from mainspring.testing.objects import MemoryObjects
from mainspring.testing.workspaces import START_MS, workspace

__all__ = ["START_MS", "MemoryObjects", "PlayedClock", "workspace"]
