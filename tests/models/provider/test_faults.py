"""Whatever a provider does, it is either made good by waiting, or told apart from what the model did."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from runner.errors import AnswerCut, Interrupted, ModelFault, ProviderDown, ProviderRefused
from runner.messages import UserMessage
from runner.models.base import Opening
from runner.models.provider.endpoints import Endpoint, Price
from runner.models.provider.model import Service

ASK = [UserMessage(text="hi")]
Serve = Callable[..., Any]
Make = Callable[..., Any]


@pytest.fixture
def ask(serve: Serve, service: Make, opening: Opening) -> Callable[..., Any]:
    """Asks a server that answers with the given answers in turn, the last one for ever; returns reply and server."""

    def run(*answers: Any, **settings: Any) -> Any:
        server = serve(lambda number, body: answers[min(number, len(answers) - 1)])
        model = service(server, **settings)(opening)
        try:
            return model.reply(ASK, []), server
        except ModelFault as fault:
            fault.server = server  # type: ignore[attr-defined]
            raise

    return run


def test_an_answer_comes_with_its_record(ask: Make, answers: Make) -> None:
    headers = {"content-type": "text/event-stream", "x-request-id": "r-1", "x-ratelimit-remaining-requests": "7"}
    reply, server = ask(answers(headers=headers))
    assert (reply.message.text, reply.stop, reply.model_id) == ("hello", "end_turn", "served")
    assert (reply.usage.input, reply.usage.output) == (11, 5)
    assert reply.cost_usd == pytest.approx((11 * 1 + 5 * 2) / 1e6)
    call = reply.call
    assert (call.request_id, call.response_id, call.attempts) == ("r-1", "c1", 1)
    assert call.rate_limits == {"x-ratelimit-remaining-requests": "7"}
    assert 0 < call.first_text <= call.latency
    path, sent, body = server.requests[0]
    assert (path, sent["authorization"], body["stream"]) == ("/v1/chat/completions", "Bearer planted-key-123", True)


NOTHING_TOLD: list[Any] = [
    None,
    {},
    {"prompt_tokens": None, "completion_tokens": "many"},
    {"prompt_tokens": -5, "completion_tokens": -(10**9)},
    {"prompt_tokens": 10**30, "completion_tokens": 10**400},
    {"prompt_tokens": 0.5, "completion_tokens": True},
    {"cost": -3.0},
    {"cost": 10**400},
    {"cost": True},
]


@pytest.mark.parametrize("usage", NOTHING_TOLD)
def test_a_call_of_which_no_usage_is_told_takes_the_most_that_it_can(
    serve: Serve, service: Make, opening: Opening, answers: Make, chat_body: Make, usage: Any
) -> None:
    """Many a server tells none, and a cap that such calls do not use up would be none."""
    whole = chat_body().decode().replace('{"prompt_tokens": 11, "completion_tokens": 5}', json.dumps(usage))
    model = service(serve(lambda number, body: answers(whole.encode())))(opening)
    reply = model.reply(ASK, [])
    assert reply.cost_usd == model.worst_case_usd(ASK, []) > 0
    assert reply.usage.total == 0
    assert reply.call is not None and "tells no usage" in reply.call.price


@pytest.mark.parametrize(
    ("usage", "input_tokens", "output_tokens"),
    [
        ({"prompt_tokens": 11.0, "completion_tokens": 5.0}, 11, 5),
        ({"prompt_tokens": 11}, 11, None),
        ({"completion_tokens": 5}, None, 5),
        ({"prompt_tokens": 11, "prompt_tokens_details": {"cached_tokens": 11}, "completion_tokens": 5}, 11, 5),
    ],
)
def test_of_what_is_told_by_half_the_other_half_takes_the_most(
    serve: Serve,
    service: Make,
    opening: Opening,
    answers: Make,
    chat_body: Make,
    usage: Any,
    input_tokens: int | None,
    output_tokens: int | None,
) -> None:
    whole = chat_body().decode().replace('{"prompt_tokens": 11, "completion_tokens": 5}', json.dumps(usage))
    model = service(serve(lambda number, body: answers(whole.encode())))(opening)
    most = model.worst_case_tokens(ASK, [])
    longest = model._service.endpoint.max_output_tokens
    paid = (input_tokens or most - longest) * 1 + (output_tokens or longest) * 2
    assert model.reply(ASK, []).cost_usd == pytest.approx(paid / 1e6)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_passes_is_waited_for(ask: Make, answers: Make, status: int) -> None:
    reply, server = ask(answers(b'{"error": {"message": "later"}}', status=status), answers())
    assert reply.message.text == "hello"
    assert reply.call.attempts == len(server.requests) == 2


@pytest.mark.parametrize(
    "headers", [{"retry-after": "0.3"}, {"retry-after-ms": "300"}, {"Retry-After": "0.3", "retry-after-ms": "300"}]
)
def test_the_servers_own_wish_is_followed_and_timed_apart(ask: Make, answers: Make, headers: dict[str, str]) -> None:
    began = time.monotonic()
    reply, _ = ask(answers(b"{}", status=429, headers=headers), answers())
    assert 0.3 <= reply.call.waited < 100
    assert reply.call.waited + reply.call.latency <= time.monotonic() - began


@pytest.mark.parametrize("pause", ["86400", "nan", "inf", "-5", "soon", ""])
def test_a_wish_that_is_absurd_does_not_hold_a_night(ask: Make, answers: Make, pause: str) -> None:
    started = time.monotonic()
    answer = answers(b"{}", status=429, headers={"retry-after": pause})
    if pause == "86400":
        with pytest.raises(ModelFault, match=r"gave up after 1 attempts: .*; it asks for 86400 s"):
            ask(answer)
    else:
        assert ask(answer, answers())[0].message.text == "hello"
    assert time.monotonic() - started < 100


def test_patience_ends(ask: Make, answers: Make) -> None:
    with pytest.raises(ModelFault, match="gave up after 8 attempts: HTTP 503: busy") as caught:
        ask(answers(b'{"error": "busy"}', status=503))
    assert len(caught.value.server.requests) == 8  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": {"type": "authentication_error", "message": "no"}}),
        (402, {}),
        (403, {"error": {"message": "not allowed"}}),
        (429, {"error": {"code": "insufficient_quota"}}),
        (429, {"error": {"code": "credit_balance_exhausted"}}),
        (429, {"error": {"type": "project_spend_limit_exceeded"}}),
        (429, {"error": {"code": "organization_usage_limit_exceeded"}}),
        (429, {"error": {"details": {"error_code": "enforced_spend_limit_reached"}}}),
    ],
)
def test_billing_and_authentication_are_final(ask: Make, answers: Make, status: int, body: object) -> None:
    with pytest.raises(ProviderRefused) as caught:
        ask(answers(json.dumps(body).encode(), status=status))
    assert len(caught.value.server.requests) == 1  # type: ignore[attr-defined]


def test_a_request_at_fault_is_not_repeated_and_carries_the_providers_words(ask: Make, answers: Make) -> None:
    with pytest.raises(ModelFault, match="temperature is not supported") as caught:
        ask(answers(b'{"error": {"message": "temperature is not supported"}}', status=400))
    assert not isinstance(caught.value, ProviderRefused)
    assert len(caught.value.server.requests) == 1  # type: ignore[attr-defined]


def test_an_answer_cut_anywhere_is_never_taken_for_a_whole_one(
    serve: Serve, service: Make, opening: Opening, answers: Make, chat_body: Make
) -> None:
    whole = chat_body()
    end = whole.index(b'"finish_reason"') + len(b'"finish_reason": "stop"}]}\n')
    server = serve(lambda number, body: answers(whole, cut=number))
    model = service(server)(opening)
    for cut in range(1, end):
        server.requests = [("", {}, {})] * cut
        with pytest.raises(AnswerCut):
            model.reply(ASK, [])


def test_a_connection_that_breaks_before_the_first_byte_is_tried_again_at_once(ask: Make, answers: Make) -> None:
    reply, _ = ask(answers(cut=0), answers())
    assert reply.message.text == "hello"
    assert reply.call.waited < 0.2


@pytest.mark.parametrize("payload", [{"message": "overloaded", "type": "overloaded_error"}, "boom", {"code": 502}])
def test_an_error_inside_an_answer_that_began_well_is_the_providers(
    ask: Make, answers: Make, chat_body: Make, payload: object
) -> None:
    broken = f"data: {json.dumps({'error': payload})}\n\n".encode()
    reply, _ = ask(answers(broken), answers())
    assert reply.message.text == "hello"
    half = chat_body().split(b"\n\n")[0] + b"\n\n" + broken
    with pytest.raises(AnswerCut):
        ask(answers(half))


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\x00", b"<html>bad gateway</html>", b"", b"data: {\n\n", b"data: [1, 2]\n\n", b"event: x\n\n" * 1000],
)
def test_what_is_no_stream_is_never_an_answer(ask: Make, answers: Make, body: bytes) -> None:
    for kind in ("text/event-stream", "text/html", "application/json"):
        with pytest.raises(ModelFault):
            ask(answers(body, headers={"content-type": kind}))


def test_a_whole_answer_as_plain_json_is_read(ask: Make, answers: Make) -> None:
    plain = {"choices": [{"message": {"content": "plain"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    reply, _ = ask(answers(json.dumps(plain).encode(), headers={"content-type": "application/json"}))
    assert (reply.message.text, reply.usage.input) == ("plain", 3)


def test_invalid_utf8_in_the_text_is_replaced(ask: Make, answers: Make, chat_body: Make) -> None:
    reply, _ = ask(answers(chat_body().replace(b"hello", b"he\xffllo")))
    assert reply.message.text == "he\ufffdllo"


def test_fifty_megabytes_are_refused_in_bounded_memory(ask: Make, answers: Make, chat_body: Make) -> None:
    with pytest.raises(ModelFault, match="longer than 32 MiB"):
        ask(answers(chat_body(text="x" * (50 << 20))))


def test_a_slow_drip_is_read_to_its_end(ask: Make, answers: Make) -> None:
    reply, _ = ask(answers(drip=0.002))
    assert reply.message.text == "hello"


def test_a_connection_that_keeps_breaking_may_have_been_paid_for(ask: Make, answers: Make) -> None:
    with pytest.raises(AnswerCut) as caught:
        ask(answers(cut=0))
    assert len(caught.value.server.requests) == 2  # type: ignore[attr-defined]


def test_nobody_there_is_said_with_the_address(service: Make, opening: Opening, serve: Serve) -> None:
    server = serve(lambda number, body: None)
    server.close()
    with pytest.raises(ModelFault, match=r"127\.0\.0\.1.*cannot be reached"):
        service(server)(opening).reply(ASK, [])


def test_a_stopped_run_waits_for_nothing(serve: Serve, service: Make, answers: Make) -> None:
    stop = threading.Event()
    opening = Opening(scenario="s", seed=1, reference=dict, stop=stop)
    server = serve(lambda number, body: answers(b"{}", status=429, headers={"retry-after": "300"}))
    threading.Timer(0.2, stop.set).start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        service(server)(opening).reply(ASK, [])
    assert time.monotonic() - started < 100


def test_a_key_that_a_server_sends_back_is_in_no_message(ask: Make, answers: Make) -> None:
    echo = b'{"error": {"message": "bad key planted-key-123"}}'
    for status in (400, 401, 503):
        with pytest.raises(ModelFault) as caught:
            ask(answers(echo, status=status))
        assert "planted-key-123" not in str(caught.value)
        assert "[key]" in str(caught.value)


def test_two_hundred_streams_at_once_are_neither_lost_nor_mixed(
    serve: Serve, service: Make, opening: Opening, answers: Make, chat_body: Make
) -> None:
    server = serve(lambda number, body: answers(chat_body(text=body["messages"][0]["content"]), drip=0.001))
    made = service(server)
    got: dict[int, str] = {}

    def one(number: int) -> None:
        got[number] = made(opening).reply([UserMessage(text=f"stream {number}")], []).message.text

    threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert got == {number: f"stream {number}" for number in range(200)}


def test_a_name_that_leads_nowhere_is_a_provider_that_is_down(opening: Opening) -> None:
    endpoint = Endpoint(base_url="http://no-such-host.invalid/v1", model="m", price=Price(input=1.0, output=2.0))
    made = Service.of("test/m", endpoint, "key")
    model = Service(made.name, made.endpoint, made.key, made.pricing, made.price, first_pause=0.01)(opening)
    with pytest.raises(ProviderDown, match="cannot be reached"):
        model.reply(ASK, [])
