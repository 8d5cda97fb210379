import pytest

from memo import ConfigurationError, Namespace


def test_entries_are_dropped_by_tag(cache):
    cache.put("a", 1, tags=["x", "y"])
    cache.put("b", 2, tags=["y"])
    cache.put("c", 3)
    assert cache.invalidate_tag("y") == 2
    assert cache.keys() == ["c"]
    assert cache.invalidate_tag("y") == 0


def test_tags_are_replaced_together_with_the_value(cache):
    cache.put("a", 1, tags=["old"])
    cache.put("a", 2, tags=["new"])
    assert cache.invalidate_tag("old") == 0
    assert set(cache.tags_of("a")) == {"new"}
    cache.put("a", 3)
    assert cache.invalidate_tag("new") == 0
    assert cache.get("a") == 3


def test_loaded_entries_carry_their_tags(cache):
    cache.get_or_load("a", lambda: 1, tags=["x"])
    assert set(cache.tags_of("a")) == {"x"}
    assert cache.invalidate_tag("x") == 1


def test_expired_entries_lose_their_tags(cache, clock):
    cache.put("a", 1, ttl=5, tags=["x"])
    clock.advance(6)
    cache.purge()
    assert set(cache.tags_of("a")) == set()
    assert cache.invalidate_tag("x") == 0


def test_collection_of_tags_may_be_used_again(cache):
    tags = ["x"]
    cache.put("a", 1, tags=tags)
    tags[:] = ["y"]
    cache.put("b", 2, tags=tags)
    assert set(cache.tags_of("a")) == {"x"}
    assert cache.invalidate("a")
    assert cache.invalidate_tag("x") == 0
    assert cache.invalidate_tag("y") == 1


@pytest.mark.parametrize("tags", ["text", [""], [1]])
def test_what_is_no_tag_is_refused(cache, tags):
    with pytest.raises(ConfigurationError):
        cache.put("a", 1, tags=tags)


def test_namespaces_keep_keys_and_tags_apart(cache):
    users, pages = Namespace(cache, "users"), Namespace(cache, "pages")
    users.put(1, "ada", tags=["new"])
    pages.put(1, "home", tags=["new"])
    assert users.get(1) == "ada"
    assert pages.invalidate_tag("new") == 1
    assert users.get(1) == "ada"
    assert pages.get(1, "none") == "none"


def test_namespace_is_cleared_by_itself(cache):
    users = Namespace(cache, "users")
    assert users.get_or_load(1, lambda: "ada") == "ada"
    users.put(2, "bob")
    cache.put("other", 1)
    assert users.invalidate(2)
    assert users.clear() == 1
    assert cache.keys() == ["other"]
    with pytest.raises(ValueError, match="empty"):
        Namespace(cache, "")
