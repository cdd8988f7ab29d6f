"""Two executions of one definition, state by state: did the same happen?

In: two Digests, such as one of this machine and one of AWS. Out: a Comparison. Touches: nothing.

What must differ between two places is made equal first (`Places`), and what was made equal is told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from stepmill.history.digest import Digest, Visit

_TIMES: Final = re.compile(r"(?:.*(?:Time|Date|Timestamp|InSeconds|InMillis)|timestamp)")
_IDS: Final = frozenset({"RequestId", "requestId", "VersionId", "ETag", "ExecutedVersion", "stackTrace"})
_IMAGES: Final = frozenset({"TrainingImage", "ImageUri"})
_ENVELOPES: Final = frozenset({"SdkHttpMetadata", "SdkResponseMetadata", "ResponseMetadata"})
_BUCKETS: Final = frozenset({"Bucket", "BucketName", "bucket"})
_JOB_ARNS: Final = frozenset({"TrainingJobArn", "ProcessingJobArn", "TransformJobArn"})
_TEXTS: Final = (
    ("ARNs", re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:[^\s\"',}\]]+"), "<ARN>"),
    ("images", re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9.-]+/[\w./:@-]+|stepmill\.local/[\w./:@-]+"), "<image>"),
    ("buckets", re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "s3://<bucket>"),
)
_LAST_TEXTS: Final = (
    ("ids", re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "<id>"),
    ("times", re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    ("ids", re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b"), "<id>"),
)
_STAGE_TAG: Final = "stepmill:stage"
_MISSING: Final = object()


class Difference(NamedTuple):
    """What differs: `status`, `error`, `output.accuracy`; and the two values, None where there is none."""

    what: str
    here: Any
    there: Any


@dataclass(frozen=True)
class Row:
    """One state of the path. tries: how often a Task was tried, here and there."""

    state: str
    branch: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    tries: tuple[int, int] = (0, 0)

    @property
    def same(self) -> bool:
        """Whether nothing differs; the number of tries does not count."""
        return not self.differences


@dataclass(frozen=True)
class Comparison:
    """rows: state by state, in the order of the path. whole: what differs of the execution itself. ignored: what was
    made equal because it must differ."""

    rows: tuple[Row, ...]
    whole: tuple[Difference, ...]
    ignored: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the same happened."""
        return not self.whole and all(row.same for row in self.rows)


@dataclass
class Places:
    """Makes equal what must differ: ARNs, accounts, regions, buckets, images, names, ids and times.

    names: what the two executions, their machines and their jobs are called → what stands for it.
    """

    names: Mapping[str, str]
    ignored: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ordered = sorted((name for name in self.names if name), key=len, reverse=True)
        self._named = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, ordered))})(?![\w-])") if ordered else None

    @classmethod
    def of(cls, here: Digest, there: Digest) -> Places:
        """Those of two executions."""
        names: dict[str, str] = {}
        for digest in (there, here):
            parts = digest.arn.split(":")
            if len(parts) > 4:
                names |= {parts[3]: "<region>", parts[4]: "<account>"}
            names |= {digest.machine: "<machine>", digest.name: "<execution>"}
            jobs = {a.job[1]: visit.state for visit in digest.visits for a in visit.attempts if a.job}
            names |= {name: f"<job of {state}>" for name, state in jobs.items()}
        return cls(names)

    def differences(self, what: str, here: Any, there: Any) -> Iterator[Difference]:
        """Where two JSON values differ."""
        if isinstance(here, str) and isinstance(there, str) and here[:1] + there[:1] in ("{{", "[["):
            here, there = _parsed(here), _parsed(there)  # the body of a file, for instance
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            job = not _JOB_ARNS.isdisjoint(here) and not _JOB_ARNS.isdisjoint(there)
            for key in dict.fromkeys((*here, *there)):
                one, other = here.get(key, _MISSING), there.get(key, _MISSING)
                if word := self._aside(key, job and _MISSING in (one, other)):
                    if one != other:
                        self.ignored[word] = None
                    continue
                yield from self.differences(f"{what}.{key}", one, other)
        elif isinstance(here, list) and isinstance(there, list):
            for index in range(max(len(here), len(there))):
                one = here[index] if index < len(here) else _MISSING
                other = there[index] if index < len(there) else _MISSING
                yield from self.differences(f"{what}[{index}]", one, other)
        elif not self._equal(here, there):
            yield Difference(what, None if here is _MISSING else here, None if there is _MISSING else there)

    def _equal(self, here: Any, there: Any) -> bool:
        if isinstance(here, str) and isinstance(there, str):
            if here == there:
                return True
            words: dict[str, None] = {}
            same = self._plain(here, words) == self._plain(there, words)
            if same:
                self.ignored |= words
            return same
        return isinstance(here, bool) == isinstance(there, bool) and bool(here == there)

    def _aside(self, key: str, of_one: bool) -> str:
        """Why the values of a key are not compared; empty when they are."""
        if of_one:
            return "fields that only one side has in the answer of a job"
        if key in _ENVELOPES:
            return "metadata of answers"
        if _TIMES.fullmatch(key):
            return "times"
        if key == _STAGE_TAG:
            return "stages"
        return "ids" if key in _IDS else "images" if key in _IMAGES else "buckets" if key in _BUCKETS else ""

    def _plain(self, text: str, words: dict[str, None]) -> str:
        for word, pattern, stands in _TEXTS:
            text = self._put(word, pattern, stands, text, words)
        if self._named is not None:
            found, count = self._named.subn(lambda name: self.names[name[0]], text)
            if count:
                text = found
                words["names"] = None
        for word, pattern, stands in _LAST_TEXTS:
            text = self._put(word, pattern, stands, text, words)
        return text

    @staticmethod
    def _put(word: str, pattern: re.Pattern[str], stands: str, text: str, words: dict[str, None]) -> str:
        text, count = pattern.subn(stands, text)
        if count:
            words[word] = None
        return text


def compare(here: Digest, there: Digest) -> Comparison:
    """Two executions that have ended. Causes of errors are not compared: they are sentences, and full of names."""
    places = Places.of(here, there)
    whole = [
        *places.differences("input", _parsed(here.input), _parsed(there.input)),
        *_plainly("status", here.status, there.status),
        *_plainly("error", here.error, there.error),
        *places.differences("output", _parsed(here.output), _parsed(there.output)),
    ]
    rows: list[tuple[float, Row]] = []
    ours, theirs = _branches(here), _branches(there)
    for branch in dict.fromkeys((*ours, *theirs)):
        rows += _aligned(ours.get(branch, []), theirs.get(branch, []), places, len(here.visits))
    rows.sort(key=lambda row: row[0])
    return Comparison(tuple(row for _, row in rows), tuple(whole), tuple(places.ignored))


def _branches(digest: Digest) -> dict[tuple[str, ...], list[tuple[int, Visit]]]:
    found: dict[tuple[str, ...], list[tuple[int, Visit]]] = {}
    for index, visit in enumerate(digest.visits):
        found.setdefault(visit.branch, []).append((index, visit))
    return found


def _aligned(
    ours: list[tuple[int, Visit]], theirs: list[tuple[int, Visit]], places: Places, last: int
) -> Iterator[tuple[float, Row]]:
    """The rows of one branch, each with its place in the order of all; branches run side by side, one is in order."""
    names = [[visit.state for _, visit in side] for side in (ours, theirs)]
    at = float(last)
    for what, a, b, c, d in SequenceMatcher(a=names[0], b=names[1], autojunk=False).get_opcodes():
        if what == "equal":
            for (index, one), (_, other) in zip(ours[a:b], theirs[c:d], strict=True):
                at = float(index)
                yield at, _row(one, other, places)
            continue
        for index, one in ours[a:b]:
            at = float(index)
            yield at, Row(one.state, one.branch, (Difference("path", one.status, None),))
        for number, (_, other) in enumerate(theirs[c:d], 1):
            yield at + number / 10_000, Row(other.state, other.branch, (Difference("path", None, other.status),))


def _row(here: Visit, there: Visit, places: Places) -> Row:
    found = (
        *_plainly("status", here.status, there.status),
        *_plainly("error", here.error, there.error),
        *places.differences("output", _parsed(here.output), _parsed(there.output)),
    )
    return Row(here.state, here.branch, found, (len(here.attempts), len(there.attempts)))


def _plainly(what: str, here: Any, there: Any) -> Iterator[Difference]:
    if here != there:
        yield Difference(what, here, there)


def _parsed(text: str | None) -> Any:
    try:
        return json.loads(text) if text is not None else None
    except ValueError:
        return text
