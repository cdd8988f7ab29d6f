"""Everything of CloudFormation, joined.

In: a history, a clock, the one verb. Out: the providers of its operations. Touches: what they touch.
"""

from __future__ import annotations

from stepmill.clock import Clock
from stepmill.history.log import History
from stepmill.services.cloudformation.applying import Applying
from stepmill.services.cloudformation.change_sets import ChangeSets
from stepmill.services.cloudformation.drift import Drift
from stepmill.services.cloudformation.kinds.kind import Call, Place
from stepmill.services.cloudformation.looks import Looks
from stepmill.services.cloudformation.records import Records
from stepmill.services.cloudformation.stacks import StackOperations


class CloudFormation:
    """The stacks of one account and region. `call` makes their resources, `providers` answer the operations."""

    def __init__(self, history: History, clock: Clock, call: Call, *, region: str, account: str) -> None:
        records = Records(history, clock, region=region, account=account)
        place = Place(call, region=region, account=account)
        self._applying = Applying(records, place)
        self.providers: tuple[object, ...] = (
            StackOperations(records, self._applying, place),
            ChangeSets(records, self._applying, place),
            Looks(records, place),
            Drift(records, place),
        )

    def recover(self) -> None:
        """Finish what the last process left under way; see Applying.recover."""
        self._applying.recover()
