"""Asynchronous invocations: kept, run, and tried again as AWS does."""

from __future__ import annotations

import pytest

from stepmill.functions import request_of
from stepmill.history.log import History, MemoryHistory
from stepmill.services.lambda_events import Attempt, Events, Outcome
from stepmill.testing import VirtualClock


class World:
    """Answers attempts with the outcomes it was given, and remembers them."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.attempts: list[Attempt] = []
        self.forgotten: list[str] = []
        self.clock = VirtualClock()
        self.history: History = MemoryHistory()
        self.events = self.open()

    def open(self) -> Events:
        return Events(self.history, self.clock, self.attempt, self.forgotten.append)

    def attempt(self, attempt: Attempt) -> Outcome:
        self.attempts.append(attempt)
        return self.outcomes.pop(0)

    def turn(self) -> float | None:
        """Run what is due → seconds until the next."""
        self.events.begin_due()
        assert self.events.wait_idle(10)
        return self.events.begin_due()


def test_a_function_that_fails_is_called_three_times_with_one_and_two_minutes_between():
    world = World("failed", "failed", "failed")
    world.events.accept("e", "f", b"1")
    assert world.turn() == 60
    world.clock.advance(59.9)
    assert world.turn() == pytest.approx(0.1)
    world.clock.advance(0.2)
    assert world.turn() == 120
    world.clock.advance(120)
    assert world.turn() is None
    assert [attempt.token for attempt in world.attempts] == ["event-e", "event-e-1", "event-e-2"]
    assert {attempt.request for attempt in world.attempts} == {request_of("event-e")}
    assert world.forgotten == ["event-e", "event-e-1", "event-e-2"]


def test_one_that_succeeds_is_called_once():
    world = World("succeeded")
    world.events.accept("e", "f", b'{"a": 1}')
    assert world.turn() is None
    assert (world.attempts[0].function, world.attempts[0].payload) == ("f", b'{"a": 1}')


@pytest.mark.parametrize("outcome", ["unknown", "gone"])
def test_one_that_may_have_run_or_cannot_is_not_called_again(outcome: Outcome):
    world = World(outcome)
    world.events.accept("e", "f", b"1")
    assert world.turn() is None
    world.clock.advance(1000)
    assert world.turn() is None


def test_trouble_of_the_machine_is_no_attempt_and_ends_after_six_hours():
    world = World("trouble", "trouble", "succeeded")
    world.events.accept("e", "f", b"1")
    assert world.turn() == 1
    world.clock.advance(1)
    assert world.turn() == 2
    world.clock.advance(2)
    assert world.turn() is None
    assert {attempt.token for attempt in world.attempts} == {"event-e"}
    late = World("trouble", "trouble")
    late.events.accept("e", "f", b"1")
    late.turn()
    late.clock.advance(6 * 3600)
    assert late.turn() is None


def test_an_event_is_taken_up_by_the_next_process_under_the_same_token():
    world = World("failed", "succeeded")
    world.events.accept("e", "f", b"1")
    world.turn()
    world.events.close()
    world.events = world.open()
    world.events.recover()
    assert world.turn() == 60
    world.clock.advance(60)
    assert world.turn() is None
    assert [attempt.token for attempt in world.attempts] == ["event-e", "event-e-1"]


def test_what_was_under_way_when_a_process_let_go_is_the_next_ones_to_settle():
    world = World("succeeded", "succeeded")
    world.events.accept("e", "f", b"1")
    world.events.close()
    world.turn()  # its outcome comes after the end, and is not written
    assert world.forgotten == []
    world.events = world.open()
    world.events.recover()
    assert world.turn() is None
    assert [attempt.token for attempt in world.attempts] == ["event-e", "event-e"]


def test_one_who_asks_again_within_a_day_finds_the_event_that_ended():
    world = World("succeeded", "succeeded")
    for _ in range(2):
        world.events.accept("e", "f", b"1")
        world.turn()
    assert len(world.attempts) == 1
    world.clock.advance(86_401)
    world.events.recover()
    world.events.accept("e", "f", b"1")
    world.turn()
    assert len(world.attempts) == 2


def test_only_so_many_run_at_once_and_none_is_lost():
    world = World(*["succeeded"] * 40)
    for number in range(40):
        world.events.accept(str(number), "f", b"1")
    world.events.start()
    assert world.events.wait_done(10)
    assert len(world.attempts) == 40
    world.events.close()
