"""Harbor's validator over files; prints its errors as JSON."""

import json
import sys
from pathlib import Path

from harbor.utils.trajectory_validator import TrajectoryValidator

validator = TrajectoryValidator()
print(json.dumps({name: [] if validator.validate(Path(name)) else validator.errors for name in sys.argv[1:]}))
