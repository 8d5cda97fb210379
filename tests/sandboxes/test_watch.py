"""When a command is killed for what it wrote: soon once the limit may be passed, and never for deleting it again."""

from __future__ import annotations

from sandboxes.inside.watch import DISK_STEP, SPARED, WATCHED, Disk

LIMIT = 20 * DISK_STEP


class Told(Disk):
    """A disk that is as full as the test says."""

    def __init__(self) -> None:
        self.there = 0
        self.disk = 100 * LIMIT
        super().__init__(0, LIMIT)

    def available(self) -> int:
        return self.disk

    def count(self) -> int:
        used = super().count()
        self.taken = 0.0  # no rest is due
        return used

    def used(self, place: str) -> int:
        return self.there if place == WATCHED[0] else 0

    def write(self, count: int) -> None:
        self.there += count
        self.disk -= count


def test_what_stays_below_the_limit_is_not_exceeded_and_what_passes_it_is() -> None:
    disk = Told()
    disk.write(LIMIT)
    assert not disk.exceeded()
    disk.write(DISK_STEP)
    assert disk.exceeded()


def test_what_others_write_is_no_users_fault() -> None:
    disk = Told()
    disk.disk -= 50 * LIMIT
    assert not disk.exceeded()


def test_what_a_killed_command_left_may_be_deleted_while_others_fill_the_disk() -> None:
    disk = Told()
    disk.write(LIMIT + DISK_STEP)
    assert disk.exceeded()
    disk.write(DISK_STEP)  # before the kill takes effect
    disk.spare()
    disk.disk -= 3 * DISK_STEP
    assert not disk.exceeded()
    disk.write(2 * DISK_STEP)
    assert disk.exceeded(), "but it may not grow"


def test_deleting_gives_the_room_back_and_takes_the_allowance_away() -> None:
    disk = Told()
    disk.write(LIMIT + 4 * DISK_STEP)
    assert disk.exceeded()
    disk.spare()
    disk.write(-LIMIT)
    disk.exceeded()
    disk.write(3 * DISK_STEP)
    assert not disk.exceeded()
    disk.write(LIMIT)
    assert disk.exceeded()


def test_kill_after_kill_gains_nobody_room() -> None:
    disk = Told()
    for _ in range(40):
        disk.write(2 * DISK_STEP)
        if disk.exceeded():
            disk.spare()
    assert disk.allowed <= SPARED * LIMIT
