import contextlib

from memo import Cache, memoize


def test_results_carry_the_tags_of_their_own_call(cache):
    @memoize(cache, tags=("profiles",), tags_for=lambda user, group=None: {f"user:{user}", f"group:{group}"})
    def profile(user, group=None):
        return user

    for user in (1, 2, 3):
        profile(user, group=user % 2)
    assert set(cache.tags_of(profile.key_for(1, 1))) == {"profiles", "user:1", "group:1"}
    assert set(cache.tags_of(profile.key_for(2, 0))) == {"profiles", "user:2", "group:0"}
    assert cache.invalidate_tag("group:1") == 2
    assert cache.keys() == [profile.key_for(2, 0)]
    assert cache.invalidate_tag("profiles") == 1


def test_refreshed_result_does_not_pass_on_its_tags(cache):
    @memoize(cache, tags_for=lambda name: [name])
    def shout(name):
        return name.upper()

    shout.refresh("a")
    shout("b")
    shout.refresh("c")
    assert cache.invalidate_tag("a") == 1
    assert set(cache.tags_of(shout.key_for("b"))) == {"b"}
    assert set(cache.tags_of(shout.key_for("c"))) == {"c"}


def test_memoized_results_can_be_evicted(clock):
    cache = Cache(max_entries=2, clock=clock)

    @memoize(cache, tags_for=lambda number: [f"n{number}"])
    def square(number):
        return number * number

    assert [square(number) for number in range(5)] == [0, 1, 4, 9, 16]
    assert cache.invalidate_tag("n0") == 0
    assert cache.invalidate_tag("n4") == 1
    assert cache.clear() == 1


def test_tags_for_may_return_the_same_list_again(cache):
    current = []

    def tags_for(number):
        current[:] = [f"n{number}"]
        return current

    @memoize(cache, tags_for=tags_for)
    def square(number):
        return number * number

    square(1)
    square(2)
    assert set(cache.tags_of(square.key_for(1))) == {"n1"}
    assert square.forget(1)
    assert cache.invalidate_tag("n2") == 1


def test_emptied_set_still_leads_to_the_entry(cache):
    tags = {"x", "y"}
    cache.put("a", 1, tags=tags)
    tags.clear()
    assert set(cache.tags_of("a")) == {"x", "y"}
    cache.put("a", 2, tags={"z"})
    assert cache.invalidate_tag("x") == cache.invalidate_tag("y") == 0
    assert cache.get("a") == 2


def test_list_that_grew_does_not_break_removal(clock):
    cache = Cache(max_entries=1, clock=clock)
    tags = ["x"]
    cache.put("a", 1, ttl=5, tags=tags)
    tags.append("y")
    cache.put("b", 2)
    assert cache.keys() == ["b"]
    assert cache.invalidate_tag("x") == 0


def test_list_changed_after_a_load(cache):
    tags = ["x"]
    assert cache.get_or_load("a", lambda: 1, tags=tags) == 1
    tags.append("y")
    assert cache.invalidate_tag("y") == 0
    assert set(cache.tags_of("a")) == {"x"}
    assert cache.invalidate("a")


def test_collection_handed_out_is_not_the_entrys_own(cache):
    for given in (["x", "y"], {"x", "y"}):
        cache.put("a", 1, tags=given)
        taken = cache.tags_of("a")
        with contextlib.suppress(AttributeError):
            taken.clear()
        with contextlib.suppress(AttributeError):
            taken.update({"z"})
        assert set(cache.tags_of("a")) == {"x", "y"}
        assert cache.invalidate_tag("y") == 1


def test_tags_of_the_decorator_may_change_later(cache):
    tags = ["x"]

    @memoize(cache, tags=tags)
    def one():
        return 1

    tags.append("y")
    one()
    assert cache.invalidate_tag("y") == 0
    assert cache.invalidate_tag("x") == 1


def test_same_tags_twice_count_once(cache):
    cache.put("a", 1, tags=["x", "x"])
    assert cache.invalidate_tag("x") == 1
    assert len(cache) == 0
