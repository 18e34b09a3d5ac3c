"""Make the helpers beside this file importable under importlib import mode, and the commands' fixtures known to all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

pytest_plugins = ["command_fixtures"]
