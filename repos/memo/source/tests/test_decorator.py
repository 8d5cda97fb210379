import pytest

from memo import UnusableKey, memoize


@pytest.fixture
def calls():
    return []


def test_results_are_kept_by_arguments(cache, calls):
    @memoize(cache)
    def double(number):
        calls.append(number)
        return number * 2

    assert [double(1), double(2), double(1)] == [2, 4, 2]
    assert calls == [1, 2]


def test_spellings_of_a_call_are_the_same(cache, calls):
    @memoize(cache)
    def join(first, second="b", *, sep="-"):
        calls.append(1)
        return f"{first}{sep}{second}"

    assert join("a") == join("a", "b") == join(second="b", first="a") == join("a", sep="-")
    assert len(calls) == 1


def test_unequal_arguments_are_told_apart(cache, calls):
    @memoize(cache)
    def show(value):
        calls.append(value)
        return repr(value)

    for value in [1, True, "1", [1], (1,), {"a": [1]}, {"a": [2]}, {1}]:
        assert show(value) == repr(value)
    assert len(calls) == 8
    assert show({"a": [2]}) == "{'a': [2]}"
    assert len(calls) == 8


def test_functions_do_not_share_results(cache):
    @memoize(cache)
    def one():
        return 1

    @memoize(cache)
    def two():
        return 2

    @memoize(cache, name="one by name")
    def three():
        return 3

    assert [one(), two(), three()] == [1, 2, 3]
    assert three.key_for() == ("one by name",)


def test_arguments_without_a_hash_are_refused(cache):
    @memoize(cache)
    def show(value):
        return repr(value)

    with pytest.raises(UnusableKey, match="bytearray"):
        show(bytearray(b"x"))


def test_ttl_of_results(cache, clock, calls):
    @memoize(cache, ttl=10)
    def now():
        calls.append(1)
        return len(calls)

    assert now() == 1
    clock.advance(9)
    assert now() == 1
    clock.advance(2)
    assert now() == 2


def test_results_are_dropped_by_tag(cache, calls):
    @memoize(cache, tags=["profiles"])
    def profile(user):
        calls.append(user)
        return user

    profile(1)
    profile(2)
    assert cache.invalidate_tag("profiles") == 2
    profile(1)
    assert calls == [1, 2, 1]


def test_tags_of_one_call_stay_with_its_result(cache, calls):
    @memoize(cache, tags=["profiles"], tags_for=lambda user: [f"user:{user}"])
    def profile(user):
        calls.append(user)
        return user

    profile(1)
    profile(2)
    assert cache.invalidate_tag("user:1") == 1
    profile(1)
    profile(2)
    assert calls == [1, 2, 1]


def test_forget_and_refresh(cache, calls):
    @memoize(cache)
    def count(name):
        calls.append(name)
        return len(calls)

    assert count("a") == 1
    assert count.refresh("a") == 2
    assert count("a") == 2
    assert count.forget("a")
    assert not count.forget("a")
    assert count("a") == 3


def test_the_function_keeps_its_name(cache):
    @memoize(cache)
    def documented():
        """What it does."""

    assert documented.__name__ == "documented"
    assert documented.__doc__ == "What it does."
