"""Names of models, where they lead, and where keys come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.errors import UnknownName, UserError
from runner.models import model_factory
from runner.models.provider.endpoints import LOCAL_URL, Endpoint, dotenv, endpoint_of, key_of


@pytest.mark.parametrize(
    ("name", "form", "host"),
    [
        ("anthropic/claude-opus-4-7", "messages", "api.anthropic.com"),
        ("openai/gpt-5.5", "responses", "api.openai.com"),
        ("qwen/qwen3.6-max-preview", "chat", "dashscope-intl.aliyuncs.com"),
        ("openrouter/vendor/model", "chat", "openrouter.ai"),
        ("local/anything", "chat", "127.0.0.1:8080"),
    ],
)
def test_a_providers_name_leads_to_its_endpoint_in_its_format(name: str, form: str, host: str) -> None:
    found = endpoint_of(name, {})
    assert found is not None
    assert (found.format, found.model) == (form, name.partition("/")[2])
    assert f"://{host}/" in found.base_url


def test_a_table_goes_before_a_name_and_other_names_are_no_providers() -> None:
    own = Endpoint(base_url="http://localhost/v1", model="m")
    assert endpoint_of("openai/gpt-5.5", {"openai/gpt-5.5": own}) is own
    for name in ("oracle", "replay:runs/x", "python:a:B", "openai/", "nobody/model"):
        assert endpoint_of(name, {}) is None
    with pytest.raises(UnknownName, match="anthropic/MODEL"):
        model_factory("antropic/MODEL")


def test_the_local_server_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOCAL_URL, "http://127.0.0.1:9999/v1")
    found = endpoint_of("local/m", {})
    assert found is not None and found.base_url == "http://127.0.0.1:9999/v1"
    assert key_of("local/m", found) == ""


def test_keys_come_from_the_environment_then_from_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOUSE_KEY", raising=False)
    endpoint = Endpoint(base_url="http://localhost/v1", model="m", key_variable="HOUSE_KEY")
    with pytest.raises(UserError, match="set HOUSE_KEY"):
        key_of("house", endpoint)
    Path(".env").write_text("# keys\nexport OTHER=1\nHOUSE_KEY = 'from-file'\nbroken line\n")
    assert key_of("house", endpoint) == "from-file"
    monkeypatch.setenv("HOUSE_KEY", "from-environment")
    assert key_of("house", endpoint) == "from-environment"
    monkeypatch.setenv("HOUSE_KEY", "with\nline end")
    with pytest.raises(UserError, match="characters that no key has") as caught:
        key_of("house", endpoint)
    assert "line end" not in str(caught.value)


def test_a_dotenv_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe")
    assert dotenv(tmp_path / ".env") == dotenv(tmp_path) == dotenv(tmp_path / "absent") == {}
