"""Which trial is next: each once, a branch only after its trunk, and an end that every thread sees."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence

import pytest

from runner.results import TrialKey
from runner.runs.ledger import Row
from runner.runs.schedule import Ruling, Schedule


def row(position: int, arm: str = "control", model: str = "m", repeat: int = 1) -> Row:
    return Row(position, TrialKey(scenario="s", model=model, arm=arm, repeat=repeat), "planned", 0, None)


def trunk_of(key: TrialKey) -> TrialKey | None:
    return key.model_copy(update={"arm": "control"}) if key.arm.startswith("feedback") else None


def drain(schedule: Schedule) -> list[int]:
    """The order in which one thread works."""
    found = []
    while (each := schedule.next(threading.Event())) is not None:
        found.append(each.position)
        schedule.ended(each)
    return found


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        ([], []),
        ([row(1), row(2, "faults"), row(3, model="n")], [1, 2, 3]),
        ([row(1), row(2, model="n"), row(3, "feedback_a"), row(4, "feedback_a", "n")], [1, 3, 2, 4]),
        ([row(1, "feedback_a"), row(2, "faults"), row(3, "feedback_b"), row(4)], [2, 4, 1, 3]),
        ([row(1), row(2, "feedback_a"), row(3, "feedback_b"), row(4, repeat=2)], [1, 2, 3, 4]),
    ],
)
def test_rows_come_in_order_and_branches_right_after_their_trunk(rows: list[Row], order: list[int]) -> None:
    assert drain(Schedule(rows, trunk_of)) == order


def test_a_trunk_that_ended_before_is_not_waited_for() -> None:
    assert drain(Schedule([row(2, "feedback_a"), row(3, "feedback_b")], trunk_of)) == [2, 3]


def test_branches_of_branches_wait_in_turn() -> None:
    order = ["control", "one", "two", "three"]

    def before(key: TrialKey) -> TrialKey | None:
        place = order.index(key.arm)
        return key.model_copy(update={"arm": order[place - 1]}) if place else None

    assert drain(Schedule([row(n, arm) for n, arm in reversed(list(enumerate(order)))], before)) == [0, 1, 2, 3]


def test_a_thread_waits_while_a_trunk_runs_and_is_woken_by_its_end() -> None:
    schedule = Schedule([row(1), row(2, "feedback_a")], trunk_of)
    stop = threading.Event()
    first = schedule.next(stop)
    got: list[Row | None] = []
    waiting = threading.Thread(target=lambda: got.append(schedule.next(stop)), daemon=True)
    waiting.start()
    time.sleep(0.05)
    assert got == [], "the branch may not start before its trunk has ended"
    assert first is not None
    schedule.ended(first)
    waiting.join(60)
    assert [each.position if each else None for each in got] == [2]


def test_waiting_threads_end_when_the_last_row_does() -> None:
    schedule = Schedule([row(1)], trunk_of)
    stop = threading.Event()
    first = schedule.next(stop)
    got: list[Row | None] = []
    waiting = [threading.Thread(target=lambda: got.append(schedule.next(stop)), daemon=True) for _ in range(3)]
    for thread in waiting:
        thread.start()
    time.sleep(0.05)
    assert got == [], "whatever still runs may let go of more"
    assert first is not None
    schedule.ended(first)
    for thread in waiting:
        thread.join(60)
    assert got == [None, None, None]


def test_a_stop_lets_waiting_threads_go_and_hands_out_nothing_more() -> None:
    schedule = Schedule([row(1), row(2, "feedback_a"), row(3)], trunk_of)
    stop = threading.Event()
    for _ in range(2):
        schedule.next(stop)
    got: list[Row | None] = []
    waiting = threading.Thread(target=lambda: got.append(schedule.next(stop)), daemon=True)
    waiting.start()
    stop.set()
    waiting.join(60)
    assert got == [None]
    schedule.ended(row(1))
    assert schedule.next(stop) is None, "also where rows are ready"


def work(schedule: Schedule, threads: int, seed: int) -> list[tuple[str, int]]:
    """What many threads did, in order: ("began" or "ended", position)."""
    log: list[tuple[str, int]] = []
    lock, stop = threading.Lock(), threading.Event()
    drawn = random.Random(seed)

    def worker() -> None:
        while (each := schedule.next(stop)) is not None:
            with lock:
                log.append(("began", each.position))
                pause = drawn.random() / 1000
            time.sleep(pause)
            with lock:
                log.append(("ended", each.position))
            schedule.ended(each)

    workers = [threading.Thread(target=worker, daemon=True) for _ in range(threads)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(200)
    assert not any(thread.is_alive() for thread in workers)
    return log


def placed(log: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
    return {entry: place for place, entry in enumerate(log)}


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("seed", range(5))
def test_many_threads_work_through_every_row_once_and_no_branch_before_its_trunk(threads: int, seed: int) -> None:
    arms = ["control", "faults", "feedback_a", "feedback_b"]
    rows = [
        row(position, arm, model, repeat)
        for position, (model, repeat, arm) in enumerate(
            (model, repeat, arm) for model in ("m", "n", "o") for repeat in range(1, 6) for arm in arms
        )
    ]
    shuffled = rows[:]
    random.Random(seed).shuffle(shuffled)
    log = work(Schedule(shuffled, trunk_of), threads, seed)
    assert sorted(position for what, position in log if what == "began") == [each.position for each in rows]
    place = placed(log)
    by_key = {each.key: each.position for each in rows}
    for each in rows:
        if (trunk := trunk_of(each.key)) is not None:
            assert place["ended", by_key[trunk]] < place["began", each.position]


def test_no_more_rows_are_handed_out_than_there_are_places() -> None:
    schedule = Schedule([row(1), row(2), row(3)], trunk_of, places=2)
    stop = threading.Event()
    first, _ = schedule.next(stop), schedule.next(stop)
    got: list[Row | None] = []
    waiting = threading.Thread(target=lambda: got.append(schedule.next(stop)), daemon=True)
    waiting.start()
    time.sleep(0.05)
    assert got == []
    assert first is not None
    schedule.ended(first)
    waiting.join(60)
    assert [each.position if each else None for each in got] == [3]


def test_a_row_that_waits_gives_its_place_away_and_comes_before_those_that_have_not_begun() -> None:
    schedule = Schedule([row(1), row(2), row(3)], trunk_of, places=1)
    stop, answered = threading.Event(), threading.Event()
    order: list[str] = []
    asking = schedule.next(stop)
    assert asking is not None

    def asks() -> None:
        with schedule.set_aside(stop):
            answered.wait()
        order.append("1 goes on")
        schedule.ended(asking)

    def works() -> None:
        while (each := schedule.next(stop)) is not None:
            order.append(f"{each.position} begins")
            if each.position == 2:
                answered.set()
                while not schedule._returning:
                    time.sleep(0.005)
            schedule.ended(each)

    threads = [threading.Thread(target=target, daemon=True) for target in (asks, works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert order == ["2 begins", "1 goes on", "3 begins"]


def test_a_stop_lets_go_of_rows_that_wait_for_their_place() -> None:
    schedule = Schedule([row(1), row(2)], trunk_of, places=1)
    stop = threading.Event()
    schedule.next(stop)

    def wait() -> None:
        with schedule.set_aside(stop):
            assert schedule.next(stop) is not None

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive(), "the other row holds the place"
    stop.set()
    waiting.join(60)
    assert not waiting.is_alive()


@pytest.mark.parametrize("places", [1, 2, 3])
def test_however_rows_wait_no_more_than_the_places_work_at_once_and_all_end(places: int) -> None:
    schedule = Schedule([row(n) for n in range(40)], trunk_of, places=places)
    lock, stop, drawn = threading.Lock(), threading.Event(), random.Random(places)
    working, most, ended = 0, 0, 0

    def enters(change: int) -> None:
        nonlocal working, most
        with lock:
            working += change
            most = max(most, working)

    def worker() -> None:
        nonlocal ended
        while (each := schedule.next(stop)) is not None:
            enters(1)
            time.sleep(drawn.random() / 500)
            enters(-1)
            with schedule.set_aside(stop):
                time.sleep(drawn.random() / 100)
            enters(1)
            time.sleep(drawn.random() / 500)
            enters(-1)
            schedule.ended(each)
            with lock:
                ended += 1

    workers = [threading.Thread(target=worker, daemon=True) for _ in range(12)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(200)
    assert (most, ended) == (places, 40)


class Ruled:
    """Rules by position; what is missing may start."""

    def __init__(self, **rulings: Ruling) -> None:
        self.rulings, self.started = rulings, list[int]()

    def may(self, row: Row) -> Ruling:
        return self.rulings.get(f"n{row.position}", "go")

    def starts(self, row: Row) -> None:
        self.started.append(row.position)


def test_a_model_that_waits_keeps_no_other_from_starting() -> None:
    schedule, stop = Schedule([row(1), row(2), row(3, model="n")], trunk_of), threading.Event()
    rules = Ruled(n1="wait")
    third = schedule.next(stop, rules)
    assert third is not None and third.position == 3
    schedule.ended(third)
    rules.rulings.clear()
    assert [found.position for found in iter(lambda: ended(schedule, rules), None)] == [1, 2]
    assert rules.started == [3, 1, 2]


def ended(schedule: Schedule, rules: Ruled) -> Row | None:
    found = schedule.next(threading.Event(), rules)
    if found is not None:
        schedule.ended(found)
    return found


def test_what_is_held_stays_behind_with_its_branches_and_the_others_go_on() -> None:
    schedule = Schedule([row(1), row(2, "feedback_a"), row(3, repeat=2)], trunk_of)
    rules = Ruled(n1="hold")
    assert [found.position for found in iter(lambda: ended(schedule, rules), None)] == [3]
    assert [each.position for each in schedule.held] == [1, 2]


def test_a_trial_that_is_to_be_done_again_comes_last_and_its_branches_wait_for_it() -> None:
    schedule, stop = Schedule([row(1), row(2, "feedback_a"), row(3, repeat=2)], trunk_of), threading.Event()
    first = schedule.next(stop)
    assert first is not None
    schedule.again(first)
    assert drain(schedule) == [3, 1, 2]


def test_a_trial_that_is_given_back_unfinished_holds_its_branches() -> None:
    schedule, stop = Schedule([row(1), row(2, "feedback_a")], trunk_of), threading.Event()
    first = schedule.next(stop)
    assert first is not None
    schedule.hold(first)
    assert schedule.next(stop) is None
    assert [each.position for each in schedule.held] == [1, 2]


def test_a_row_that_may_not_start_keeps_its_place_free_and_one_that_waits_is_no_reason_to_end() -> None:
    """Caps and people at once: the first waits for a person, the second is held, the third gets the only place."""
    schedule = Schedule([row(1), row(2), row(3, model="n"), row(4)], trunk_of, places=1)
    stop, rules = threading.Event(), Ruled(n2="hold")
    asking = schedule.next(stop, rules)
    assert asking is not None and asking.position == 1
    with schedule.set_aside(stop):
        third = schedule.next(stop, rules)
        assert third is not None and third.position == 3
        assert [each.position for each in schedule.held] == [2]
        schedule.again(third)
    schedule.ended(asking)
    assert [found.position for found in iter(lambda: ended(schedule, rules), None)] == [4, 3]
