import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # tests share modules, and are no package
