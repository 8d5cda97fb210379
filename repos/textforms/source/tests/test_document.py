import pytest

from textforms import Config, ConfigError


@pytest.fixture
def section():
    section = Config().add("app")
    section["Größe"] = 3
    section["ratio"] = 0.5
    section["debug"] = True
    section["tags"] = ["a", "b"]
    section["name"] = "demo"
    return section


def test_names_are_compared_caselessly(section):
    assert section["GRÖSSE"] == 3
    assert "Gro\u0308ße" in section
    section["grösse"] = 4
    assert [name for name, _ in section][0] == "Größe"
    assert section.get_int("größe") == 4


def test_sections_are_found_caselessly():
    config = Config()
    added = config.add("Straße")
    assert config["STRASSE"] is added
    assert len(config) == 1
    with pytest.raises(ConfigError, match="twice"):
        config.add("strasse")


def test_typed_getters(section):
    assert section.get_float("ratio") == 0.5
    assert section.get_float("größe") == 3.0
    assert section.get_bool("debug") is True
    assert section.get_text("name") == "demo"


def test_wrong_type_is_an_error(section):
    with pytest.raises(ConfigError, match="debug is bool, expected int"):
        section.get_int("debug")
    with pytest.raises(ConfigError, match="expected str"):
        section.get_text("tags")


def test_defaults_only_stand_in_for_missing_settings(section):
    assert section.get_int("port", 80) == 80
    assert section.get_bool("verbose", False) is False
    assert section.get_list("extra", []) == []
    with pytest.raises(ConfigError, match="no setting 'port'"):
        section.get_int("port")
    with pytest.raises(ConfigError, match="expected int"):
        section.get_int("name", 80)


def test_lists_are_handed_out_as_copies(section):
    section.get_list("tags").append("c")
    assert section["tags"] == ["a", "b"]
    assert section.get_list("name") == ["demo"]
