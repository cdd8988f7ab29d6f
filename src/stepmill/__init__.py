"""The public vocabulary.

In: a name. Out: the class or function of that name, loaded when it is first asked for. Touches: nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"
