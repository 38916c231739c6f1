"""The page that the service is made after, and the scripts in it: a metric, and the clients that use it."""

import re
from pathlib import Path

PAGE = (Path(__file__).parent / "data/code-based-metrics.md").read_text()
METRIC, REGISTER, TRY = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
