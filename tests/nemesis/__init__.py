"""Everything that can go wrong, at once, against the whole system: posts must still go out exactly once."""

import sys
from pathlib import Path

# The real servers are installed and started by what the tests against them use.
sys.path[:0] = [str(Path(__file__).parents[1] / "real"), str(Path(__file__).parents[1])]
