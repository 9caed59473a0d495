"""The host: the real one inside a sandbox, a stand-in for it outside."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING or sys.platform != "wasi":
    from . import stand_in as host
else:
    from . import sandbox as host

__all__ = ["host"]
