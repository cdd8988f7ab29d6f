"""CloudWatch Logs' reading operations, over logs as jobs and functions write them."""

from __future__ import annotations

import re
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from shapes import check
from stepmill.functions import Functions, stream_of
from stepmill.functions.logs import stamp
from stepmill.jobs.job import Jobs
from stepmill.jobs.outcome import write
from stepmill.services.log_patterns import matcher
from stepmill.services.log_streams import Streams
from stepmill.services.logs import Logs
from stores import refused

T0 = 1_767_225_600  # 2026-01-01T00:00:00Z
TRAINING = "/aws/sagemaker/TrainingJobs"


class World:
    """A store's folders, written as jobs and functions write them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = Logs(
            Streams(Jobs(folder / "jobs", folder / "objects", site=""), Functions(folder / "functions")),
            region="us-east-1",
            account="000000000000",
        )

    def job(self, name: str, *lines: str, at: float = T0, step: float = 1.0) -> str:
        folder = self.folder / "jobs" / "training" / name
        folder.mkdir(parents=True)
        write(str(folder), "job.json", {"kind": "training", "name": name, "token": "t", "request": {}, "created": at})
        (folder / "log").write_text("".join(f"{stamp(at + n * step)} out {text}\n" for n, text in enumerate(lines)))
        return f"{name}/algo-1-{int(at)}"

    def function(self, name: str, *lines: tuple[float, str], file: str = "log") -> None:
        folder = self.folder / "functions" / name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / file).open("a") as log:
            log.writelines(f"{stamp(at)} out {text}\n" for at, text in lines)

    def call(self, name: str, **request: Any) -> dict[str, Any]:
        method = getattr(self.logs, re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower())
        answer: dict[str, Any] = method(request)
        check("logs", name, answer)
        return answer

    def pages(self, **request: Any) -> list[list[str]]:
        """The messages of every page of FilterLogEvents."""
        found, token = [], None
        while True:
            more = {} if token is None else {"nextToken": token}
            page = self.call("FilterLogEvents", **request, **more)
            found.append([event["message"] for event in page["events"]])
            token = page.get("nextToken")
            if token is None:
                return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_a_group_is_there_as_soon_as_something_was_written(world: World):
    assert world.call("DescribeLogGroups")["logGroups"] == []
    world.job("a", "x")
    world.function("f", (T0, "y"))
    rows = world.call("DescribeLogGroups")["logGroups"]
    assert [row["logGroupName"] for row in rows] == ["/aws/lambda/f", TRAINING]
    assert rows[0]["arn"] == "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f:*"
    assert len(world.call("DescribeLogGroups", logGroupNamePrefix="/aws/sage")["logGroups"]) == 1
    assert len(world.call("DescribeLogGroups", logGroupNamePattern="LAMBDA")["logGroups"]) == 1
    page = world.call("DescribeLogGroups", limit=1)
    assert world.call("DescribeLogGroups", nextToken=page["nextToken"])["logGroups"] == rows[1:]


def test_a_job_has_one_stream_named_as_sagemaker_names_it(world: World):
    late, early = world.job("a", "x", at=T0 + 50), world.job("b", "x", "y", at=T0)
    rows = world.call("DescribeLogStreams", logGroupName=TRAINING)["logStreams"]
    assert [row["logStreamName"] for row in rows] == [late, early]
    assert (rows[1]["firstEventTimestamp"], rows[1]["lastEventTimestamp"]) == (T0 * 1000, (T0 + 1) * 1000)
    newest = world.call("DescribeLogStreams", logGroupName=TRAINING, orderBy="LastEventTime", descending=True)
    assert [row["logStreamName"] for row in newest["logStreams"]] == [late, early]
    one = world.call("DescribeLogStreams", logGroupName=TRAINING, logStreamNamePrefix="b/")
    assert [row["logStreamName"] for row in one["logStreams"]] == [early]


def test_a_function_has_a_stream_for_each_day_across_files_that_were_turned_over(world: World):
    day = 86_400
    world.function("f", (T0, "one"), (T0 + day, "two"), file="log.1")
    world.function("f", (T0 + day + 5, "three"), (T0 + 3 * day, "four"))
    rows = world.call("DescribeLogStreams", logGroupName="/aws/lambda/f")["logStreams"]
    names = [f"2026/01/0{n}/[$LATEST]{stream_of('f')}" for n in (1, 2, 4)]
    assert [row["logStreamName"] for row in rows] == names

    def read(name: str) -> list[str]:
        return texts(world.call("GetLogEvents", logGroupName="/aws/lambda/f", logStreamName=name, startFromHead=True))

    assert [read(name) for name in names] == [["one\n"], ["two\n", "three\n"], ["four\n"]]


def test_pages_of_a_stream_go_both_ways_and_their_tokens_stay_at_the_ends(world: World):
    stream = world.job("a", *(str(n) for n in range(10)))

    def get(**more: Any) -> dict[str, Any]:
        return world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream, limit=4, **more)

    page, seen = get(startFromHead=True), []
    while page["events"]:
        seen += texts(page)
        token = page["nextForwardToken"]
        page = get(nextToken=token)
    assert seen == [str(n) for n in range(10)]
    assert page["nextForwardToken"] == token
    page, seen = get(), []
    assert texts(page) == ["6", "7", "8", "9"]
    while page["events"]:
        seen = texts(page) + seen
        token = page["nextBackwardToken"]
        page = get(nextToken=token)
    assert seen == [str(n) for n in range(10)]
    assert page["nextBackwardToken"] == token


def test_a_forward_token_at_the_end_finds_what_is_written_later(world: World):
    stream = world.job("a", "one")
    first = world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream, startFromHead=True)
    log = world.folder / "jobs/training/a/log"
    with log.open("a") as file:
        file.write(f"{stamp(T0 + 9)} err two\n{stamp(T0 + 9)} err not yet a li")
    more = world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream, nextToken=first["nextForwardToken"])
    assert texts(more) == ["two"]
    assert texts(world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream)) == ["one", "two"]


def test_times_bound_what_is_read(world: World):
    stream = world.job("a", *(str(n) for n in range(1000)))
    span = {"startTime": (T0 + 500) * 1000, "endTime": (T0 + 503) * 1000}
    for head in (True, False):
        got = world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream, startFromHead=head, **span)
        assert texts(got) == ["500", "501", "502"]
    assert world.pages(logGroupName=TRAINING, **span) == [["500", "501", "502"]]
    assert world.pages(logGroupName=TRAINING, startTime=(T0 + 5000) * 1000) == [[]]


def test_streams_are_merged_by_time_and_paged_without_loss(world: World):
    world.job("a", *(f"a{n}" for n in range(7)), at=T0)
    world.job("b", *(f"b{n}" for n in range(7)), at=T0 + 0.5)
    expected = [f"{which}{n}" for n in range(7) for which in "ab"]
    for limit in (1, 3, 14, 100):
        pages = world.pages(logGroupName=TRAINING, limit=limit)
        assert [text for page in pages for text in page] == expected
        assert all(len(page) <= limit for page in pages)
    only = world.call("FilterLogEvents", logGroupName=TRAINING, logStreamNamePrefix="b/")
    assert texts(only) == [f"b{n}" for n in range(7)]
    assert len({event["eventId"] for event in only["events"]}) == 7


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["ERROR disk full", "WARN low", "all fine"]),
        ("ERROR", ["ERROR disk full"]),
        ("ERROR full", ["ERROR disk full"]),
        ('"disk full"', ["ERROR disk full"]),
        ("?ERROR ?WARN", ["ERROR disk full", "WARN low"]),
        ("-ERROR", ["WARN low", "all fine"]),
        ("error", []),
        ('-"disk full" -low', ["all fine"]),
    ],
)
def test_a_pattern_of_terms_finds(pattern: str, found: list[str]):
    matches = matcher(pattern)
    assert [text for text in ("ERROR disk full", "WARN low", "all fine") if matches(text)] == found


@pytest.mark.parametrize("pattern", ["{ $.level = 1 }", "[a, b]", "%E.*%", '"open', "a-b"])
def test_a_pattern_that_is_not_understood_is_refused(pattern: str):
    assert refused(lambda: matcher(pattern))[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    ("name", "request_", "code"),
    [
        ("GetLogEvents", {"logGroupName": "/none", "logStreamName": "s"}, "ResourceNotFoundException"),
        ("GetLogEvents", {"logGroupName": TRAINING, "logStreamName": "s"}, "ResourceNotFoundException"),
        ("FilterLogEvents", {"logGroupName": TRAINING, "logStreamNames": ["s"]}, "ResourceNotFoundException"),
        ("FilterLogEvents", {"logGroupName": TRAINING, "nextToken": "x"}, "InvalidParameterException"),
        ("FilterLogEvents", {"logGroupName": TRAINING, "limit": 10_001}, "ValidationException"),
        ("FilterLogEvents", {}, "InvalidParameterException"),
        ("DescribeLogStreams", {"logGroupName": TRAINING, "limit": 51}, "ValidationException"),
    ],
)
def test_what_is_not_there_is_refused(world: World, name: str, request_: dict[str, Any], code: str):
    world.job("a", "x")
    assert refused(lambda: world.call(name, **request_))[0] == code


def test_a_page_holds_a_megabyte_at_most_and_long_lines_are_whole(world: World):
    stream = world.job("a", *("x" * 250_000 for _ in range(6)))
    page = world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream)
    assert [len(text) for text in texts(page)] == [250_000] * 4
    back = world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=stream, nextToken=page["nextBackwardToken"])
    assert [len(text) for text in texts(back)] == [250_000] * 2


def test_a_large_log_costs_neither_its_size_nor_long_to_read(world: World):
    world.job("a", at=T0)
    line = f"{stamp(T0)} out {'x' * 200}\n"
    with (world.folder / "jobs/training/a/log").open("w") as file:
        for _ in range(80):
            file.write(line * 1000)
        file.write(f"{stamp(T0 + 100)} out the end\n")
    tracemalloc.start()
    began = time.process_time()
    assert world.pages(logGroupName=TRAINING, startTime=(T0 + 50) * 1000) == [["the end"]]
    got = world.call("GetLogEvents", logGroupName=TRAINING, logStreamName=f"a/algo-1-{T0}", limit=1)
    assert texts(got) == ["the end"]
    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    assert took < 1
