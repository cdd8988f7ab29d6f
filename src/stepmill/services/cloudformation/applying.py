"""A stack brought to a template, or back to what it was, or away.

In: a stack whose status says what is under way. Out: the stack, in a status that is final. Touches: history, and other
services through `acting`.

Everything runs inside the call that asked for it. What was done stands in the stack's journal, so the way back is known
to the next process too: see `recover`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html#cfn-console-view-stack-data-resources-status-codes
"""

from __future__ import annotations

import copy
from typing import Any, Final

from stepmill.services.cloudformation.acting import Acting, Failed
from stepmill.services.cloudformation.kinds.kind import Place
from stepmill.services.cloudformation.kinds.table import KINDS
from stepmill.services.cloudformation.planning import Names, changed, properties_of, pseudo_of
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.templates import Template, needs, parse
from stepmill.services.cloudformation.values import Reference, invalid, resolve
from stepmill.services.operations import ServiceError

_GONE: Final = ("DELETE_COMPLETE", "DELETE_SKIPPED")
_NOW: Final = ("physical", "attributes", "status", "reason", "at")
_REMEMBERED: Final = ("resources", "order", "outputs", "template", "parameters", "tags", "description", "more")


class Applying:
    """Carries out what was decided about stacks."""

    def __init__(self, records: Records, place: Place) -> None:
        self._records = records
        self._place = place
        self._acting = Acting(records, place)

    def begin(
        self,
        stack: Stack,
        status: str,
        target: dict[str, Any],
        on_failure: str = "ROLLBACK",
        actual: dict[str, Any] | None = None,
        *,
        sweep: bool = False,
    ) -> None:
        """Write that an operation is under way: the stack is `target` from now on, and remembers what it was.

        actual: what resources are that somebody changed by hand, to be brought back; None for one that is gone.
        sweep: on the way back also `Retain` keeps nothing that this operation made (`RetainExceptOnCreate`).
        """
        before = {key: copy.deepcopy(stack.get(key)) for key in _REMEMBERED}
        begun = {"before": before, "journal": [], "removing": [], "on_failure": on_failure}
        stack["operation"] = {**begun, "actual": actual or {}, "sweep": sweep}
        stack.update(target)
        self._records.save(stack, self._records.said(stack, status, "User Initiated"))

    def create(self, stack: Stack) -> None:
        """Make everything; on a failure take all of it back, or do what `on_failure` says."""
        try:
            self._bring(stack, "CREATE")
        except Failed as failure:
            if stack["operation"]["on_failure"] == "DO_NOTHING":
                self._end(stack, "CREATE_FAILED", _failed("create", failure))
                return
            reason = _failed("create", failure) + "Rollback requested by user."
            self._records.save(stack, self._records.said(stack, "ROLLBACK_IN_PROGRESS", reason))
            self._undo_creation(stack)
            return
        self._end(stack, "CREATE_COMPLETE")

    def update(self, stack: Stack) -> None:
        """Bring the stack to its template; on a failure back to what it was."""
        try:
            self._bring(stack, "UPDATE")
        except Failed as failure:
            if stack["operation"]["on_failure"] == "DO_NOTHING":
                self._end(stack, "UPDATE_FAILED", _failed("update", failure))
                return
            reason = _failed("update", failure)
            self._records.save(stack, self._records.said(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason))
            self._undo_update(stack)
            return
        self._records.save(stack, self._records.said(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
        self._clean(stack, "UPDATE_COMPLETE")

    def delete(self, stack: Stack, retained: list[str]) -> None:
        """Remove everything in the order opposite to its making; what is needed by what could not be removed stays."""
        failed: list[str] = []
        blocked: set[str] = set()
        for logical in self._backwards(stack):
            body = stack["resources"][logical]
            if body["status"] in _GONE:
                continue
            if logical in blocked:
                blocked |= set(body["needs"])
                continue
            try:
                keep = body["deletion"].startswith("Retain") or logical in retained
                self._acting.remove(stack, logical, body, keep=keep)
            except Failed:
                failed.append(logical)
                blocked |= set(body["needs"])
        if failed:
            self._end(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
            return
        stack["deleted"] = self._records.now()
        self._end(stack, "DELETE_COMPLETE")

    def recover(self) -> None:
        """Finish what the last process left under way: what was being made is taken back, what was going goes."""
        for stack in self._records.busy():
            self._finish(stack)

    def _finish(self, stack: Stack) -> None:
        status, lost = stack["status"], "The process that carried out the operation ended. "
        for one in self._records.change_sets(stack):
            if one["execution"] == "EXECUTE_IN_PROGRESS":
                self._records.save_change_set({**one, "execution": "EXECUTE_FAILED"})
        if status == "DELETE_IN_PROGRESS":
            self.delete(stack, [])
        elif status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            self._clean(stack, "UPDATE_COMPLETE")
        elif status == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
            self._clean(stack, "UPDATE_ROLLBACK_COMPLETE")
        elif status.startswith("UPDATE"):
            self._records.save(stack, self._records.said(stack, "UPDATE_ROLLBACK_IN_PROGRESS", lost))
            self._undo_update(stack)
        else:
            self._records.save(stack, self._records.said(stack, "ROLLBACK_IN_PROGRESS", lost))
            self._undo_creation(stack)

    def _bring(self, stack: Stack, doing: str) -> None:
        """Make and change what the template asks for, in order; what is no longer in it is marked for removal."""
        template = parse(self._records.template(stack["template"]))
        names = self.names(stack, template)
        live = names.live()
        order = []
        for logical, resource in live.items():
            needed = sorted(needs(template, resource) & live.keys())
            try:
                props = properties_of(resource, names, stack["tags"])
            except ServiceError as refusal:
                raise Failed(logical, refusal.message, told=False) from None
            actual = stack["operation"]["actual"]
            if logical in actual and actual[logical] is None:
                stack["resources"].pop(logical, None)  # somebody removed it: it is made again
            had = stack["resources"].get(logical)
            order.append(logical)
            if had is not None and had["type"] == resource.type:
                differs = changed(had["properties"], props)
                if not set(differs) & set(KINDS[resource.type].replaced.split()):
                    if differs or logical in actual:
                        self._acting.alter(stack, resource, props, needed, actual.get(logical))
                    else:
                        kept = {"deletion": resource.deletion, "replace": resource.replace}
                        stack["resources"][logical] = {**had, **kept, "metadata": resource.metadata, "needs": needed}
                    continue
            self._acting.make(stack, resource, props, needed, "CREATE" if had is None else "UPDATE")
            # publishing the same revision again finds the version that is there: nothing was replaced
            if had is not None and stack["resources"][logical]["physical"] != had["physical"]:
                keep = resource.replace.startswith("Retain")
                stack["operation"]["removing"].append({"logical": logical, "body": had, "keep": keep})
        gone = [logical for logical in stack["order"] if logical not in live and logical in stack["resources"]]
        for logical in gone:
            body = stack["resources"].pop(logical)
            keep = body["deletion"].startswith("Retain")
            stack["operation"]["removing"].append({"logical": logical, "body": body, "keep": keep})
        stack["order"] = order
        try:
            stack["outputs"] = self._outputs(template, names)
        except ServiceError as refusal:
            raise Failed(stack["name"], refusal.message, told=False) from None

    def names(self, stack: Stack, template: Template) -> Names:
        """What names mean in a stack, of which the resources are there."""

        def made(reference: Reference) -> Any:
            found = stack["resources"].get(reference.name)
            if found is None:
                raise invalid(
                    f"Template format error: Unresolved resource dependencies [{reference.name}] in the Resources "
                    "block of the template"
                )
            return found["attributes"].get(reference.attribute, "") if reference.attribute else found["physical"]

        pseudo = pseudo_of(stack, self._place.region, self._place.account)
        return Names(template, stack["parameters"], pseudo, made)

    @staticmethod
    def _outputs(template: Template, names: Names) -> list[dict[str, str]]:
        found = []
        for name, body in template.outputs.items():
            if "Condition" in body and not names.condition(str(body["Condition"])):
                continue
            row = {"OutputKey": name, "OutputValue": str(resolve(body.get("Value"), names))}
            if body.get("Description"):
                row["Description"] = str(body["Description"])
            if body.get("Export"):
                row["ExportName"] = str(resolve(body["Export"].get("Name"), names))
            found.append(row)
        return found

    def _undo_creation(self, stack: Stack) -> None:
        made = [entry["logical"] for entry in stack["operation"]["journal"]]
        failed = []
        for logical in reversed(made):
            body = stack["resources"][logical]
            if body["status"] in _GONE:
                continue
            try:
                self._acting.remove(stack, logical, body, keep=_kept(stack, body))
            except Failed:
                failed.append(logical)
        if failed:
            said = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            self._end(stack, "ROLLBACK_FAILED", said)
            return
        stack["outputs"] = []
        if stack["operation"]["on_failure"] == "DELETE":
            stack["deleted"] = self._records.now()
            self._end(stack, "DELETE_COMPLETE")
            return
        self._end(stack, "ROLLBACK_COMPLETE")

    def _undo_update(self, stack: Stack) -> None:
        """Put back what was changed, newest first; then remove what was made."""
        operation = stack["operation"]
        made = []
        try:
            for entry in reversed(operation["journal"]):
                logical = entry["logical"]
                if entry["act"] == "altered":
                    self._acting.restore(stack, logical, entry["old"])
                    continue
                body, old = stack["resources"].pop(logical), entry["old"]
                if old is None or old["physical"] != body["physical"]:
                    made.append({"logical": logical, "body": body, "keep": _kept(stack, body)})
                if old is not None:
                    stack["resources"][logical] = old
        except Failed as failure:
            self._end(stack, "UPDATE_ROLLBACK_FAILED", _failed("update", failure))
            return
        for key, value in operation["before"].items():
            if key != "resources":
                stack[key] = value
        # what was put back carries what it is now; what was only read anew is as it was
        stack["resources"] = {
            logical: {
                **body,
                **{key: value for key, value in stack["resources"].get(logical, {}).items() if key in _NOW},
            }
            for logical, body in operation["before"]["resources"].items()
        }
        # `_clean` goes backwards, and these are the newest first already
        operation["removing"] = made[::-1]
        operation["journal"] = []
        self._records.save(stack, self._records.said(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"))
        self._clean(stack, "UPDATE_ROLLBACK_COMPLETE")

    def _clean(self, stack: Stack, status: str) -> None:
        """Remove what is no longer part of the stack. What cannot be removed is left where it is, as on AWS."""
        removing = stack["operation"]["removing"]
        for entry in _dependents_first(removing):
            if entry["body"]["status"] not in _GONE:
                try:
                    self._acting.remove(stack, entry["logical"], entry["body"], keep=entry["keep"])
                except Failed:
                    continue
        self._end(stack, status)

    def _end(self, stack: Stack, status: str, reason: str = "") -> None:
        if not status.endswith("_FAILED"):
            stack["operation"] = None
        self._records.save(stack, self._records.said(stack, status, reason))

    @staticmethod
    def _backwards(stack: Stack) -> list[str]:
        known = [logical for logical in stack["order"] if logical in stack["resources"]]
        # what an operation that failed made and never put in order stands behind it
        return [*known, *(logical for logical in stack["resources"] if logical not in known)][::-1]


def _dependents_first(removing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is to be removed, each before what it needs."""
    found: list[dict[str, Any]] = []
    left = list(removing)
    while left:
        asked = {name for entry in left for name in entry["body"]["needs"] if name != entry["logical"]}
        free = [entry for entry in left if entry["logical"] not in asked] or left[-1:]
        found += free[::-1]
        left = [entry for entry in left if entry not in free]
    return found


def _kept(stack: Stack, body: dict[str, Any]) -> bool:
    """Whether what an operation made stays although the operation is taken back."""
    return body["deletion"] == "Retain" and body["status"] != "CREATE_FAILED" and not stack["operation"]["sweep"]


def _failed(doing: str, failure: Failed) -> str:
    said = f"The following resource(s) failed to {doing}: [{failure.logical}]. "
    return said if failure.told else f"{failure.reason} {said}"
