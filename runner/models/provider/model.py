"""A provider's model: the harness's conversation in, a reply with its cost and record out."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from runner.errors import AnswerCut, ModelFault, ProviderDown, ProviderRefused
from runner.messages import AssistantMessage, CallRecord, Message, Reply, ToolSpec, shorten
from runner.models.base import Opening
from runner.models.formats.base import Assembled, Format, FormatName, StreamFault
from runner.models.formats.chat import CHAT
from runner.models.formats.messages import MESSAGES
from runner.models.formats.responses import RESPONSES
from runner.models.provider.client import Cut, Exchange, Stale, Unreached, attempt, new_client
from runner.models.provider.endpoints import Endpoint
from runner.models.provider.limiter import MOST, limiter_of
from runner.models.provider.prices import Pricing, charged, most, pricing_of
from runner.models.provider.recording import Recording
from runner.models.provider.retry import Patience, retry_after

FORMATS: Mapping[FormatName, Format] = {"messages": MESSAGES, "responses": RESPONSES, "chat": CHAT}
RATE_LIMIT = "ratelimit"
"""What the names of rate-limit headers hold, with or without a hyphen in it."""
REQUEST_IDS = ("request-id", "x-request-id")
CLOCKS = ("openai-processing-ms",)


def request_body(endpoint: Endpoint, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> bytes:
    """The request as it goes over the wire."""
    body = FORMATS[endpoint.format].body(conversation, tools, endpoint.settings)
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


@dataclass(frozen=True)
class Service:
    """A model of a provider as a whole run uses it."""

    name: str
    endpoint: Endpoint
    key: str
    pricing: Pricing | None
    price: str
    first_pause: float = 1.0
    """Seconds; the ceiling of the first wait before a call is made again."""

    @classmethod
    def of(cls, name: str, endpoint: Endpoint, key: str) -> Service:
        pricing, price = pricing_of(name.partition("/")[0], endpoint)
        return cls(name, endpoint, key, pricing, price)

    def __repr__(self) -> str:
        return f"Service({self.name})"

    def __call__(self, opening: Opening) -> ProviderModel:
        return ProviderModel(self, opening)


class ProviderModel:
    """See `Model`. Raises ModelFault for what is the provider's: ProviderDown where waiting may help, ProviderRefused
    where nothing will change it."""

    def __init__(self, service: Service, opening: Opening) -> None:
        self._service = service
        self._stop = opening.stop
        self._format = FORMATS[service.endpoint.format]
        self._recording = Recording(opening.folder, service.key)
        self._url = service.endpoint.base_url.rstrip("/") + self._format.path

    def take_up(self, conversation: Sequence[Message]) -> None:
        """Nothing to do: each request carries the whole conversation."""

    def worst_case_usd(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> float:
        """A token is at least a byte of the request; nothing where the price is unknown."""
        if self._service.pricing is None:
            return 0.0
        size = len(request_body(self._service.endpoint, conversation, tools))
        return most(self._service.pricing, size, self._service.endpoint.max_output_tokens)

    def worst_case_tokens(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> int:
        endpoint = self._service.endpoint
        return len(request_body(endpoint, conversation, tools)) + endpoint.max_output_tokens

    def reply(self, conversation: Sequence[Message], tools: Sequence[ToolSpec]) -> Reply:
        body = request_body(self._service.endpoint, conversation, tools)
        limiter = limiter_of(self._service.endpoint.base_url)
        patience = Patience(self._stop, first=self._service.first_pause)
        started = time.monotonic()
        while True:
            patience.attempts += 1
            exchange = Exchange()
            try:
                with limiter.slot(self._stop):
                    assembled = attempt(_http(), self._url, self._headers(), body, self._format, exchange)
            except StreamFault as fault:
                self._judge(fault, exchange)
                if exchange.status == 429 or exchange.status == 529:
                    limiter.refused()
                if not patience.wait(exchange.headers):
                    asked = retry_after(exchange.headers)
                    said = f"gave up after {patience.attempts} attempts: {fault}"
                    raise ProviderDown(self._said(said + (f"; it asks for {asked:.0f} s" if asked else ""))) from None
            except Unreached as error:
                if not patience.wait({}):
                    said = f"{self._url} cannot be reached ({patience.attempts} attempts): {error}"
                    raise ProviderDown(self._said(said)) from None
            except Stale as error:
                if patience.attempts > 1:
                    raise AnswerCut(self._said(f"no answer came: {error}")) from None
            except Cut as error:
                raise AnswerCut(self._said(f"the answer broke off: {error}")) from None
            else:
                limiter.went_well()
                self._recording.keep(body, bytes(exchange.answer))
                waited = time.monotonic() - started - exchange.seconds
                return self._reply(assembled, exchange, body, patience.attempts, waited)

    def _judge(self, fault: StreamFault, exchange: Exchange) -> None:
        """Raises for what no waiting mends."""
        if fault.kind == "final":
            raise ProviderRefused(self._said(f"{self._service.name}: {fault}"))
        if fault.kind == "request":
            raise ModelFault(self._said(f"{self._service.name} does not take this request: {fault}"))
        if exchange.status == 200 and exchange.first:
            raise AnswerCut(self._said(f"the answer broke off: {fault}"))

    def _reply(self, assembled: Assembled, exchange: Exchange, body: bytes, attempts: int, waited: float) -> Reply:
        cost, price = self._cost(assembled, len(body))
        headers = exchange.headers
        return Reply(
            message=self._cleaned(assembled.message),
            stop=assembled.stop,
            usage=assembled.usage,
            cost_usd=cost,
            model_id=assembled.model_id,
            call=CallRecord(
                provider=self._service.name.partition("/")[0],
                format=self._format.name,
                base_url=self._service.endpoint.base_url,
                requested_model=self._service.endpoint.model,
                returned_model=assembled.model_id,
                body_sha256=hashlib.sha256(body).hexdigest(),
                response_id=assembled.response_id,
                request_id=next((headers[name] for name in REQUEST_IDS if name in headers), ""),
                attempts=attempts,
                waited=max(0.0, waited),
                latency=exchange.seconds,
                first_reasoning=exchange.first.get("reasoning"),
                first_text=exchange.first.get("text"),
                first_tool=exchange.first.get("tool"),
                raw_stop=assembled.raw_stop,
                raw_usage=dict(assembled.raw_usage),
                price=price,
                rate_limits={
                    name: value
                    for name, value in headers.items()
                    if RATE_LIMIT in name.replace("-", "") or name in CLOCKS
                },
                details=dict(assembled.details),
            ),
        )

    def _cost(self, assembled: Assembled, size: int) -> tuple[float, str]:
        """In US dollars, and where that comes from; `size` is the request's, in bytes."""
        if (reported := assembled.details.get("cost_usd")) is not None:
            return reported, "reported by the provider"
        if self._service.pricing is None:
            return 0.0, self._service.price
        message, told = assembled.message, assembled.usage
        said = bool(message.text or message.tool_calls or message.native)
        paid = charged(told, size, self._service.endpoint.max_output_tokens, said)
        untold = "" if paid == told else "; its provider tells no usage, so the most that it can be"
        return self._service.pricing(paid), self._service.price + untold

    def _cleaned(self, message: AssistantMessage) -> AssistantMessage:
        """The message without the key, should a model or its server have come to know and say it."""
        if not self._service.key:
            return message
        text = message.model_dump_json().encode()
        cleaned = self._recording.clean(text)
        return message if cleaned == text else AssistantMessage.model_validate_json(cleaned)

    def _headers(self) -> dict[str, str]:
        endpoint = self._service.endpoint
        return {"content-type": "application/json", **self._format.headers(self._service.key), **endpoint.headers}

    def _said(self, text: str) -> str:
        """A message without the key, should a server have sent it back, and of bounded length."""
        return shorten(self._recording.clean(text.encode("utf-8", "replace")).decode("utf-8", "replace"), 1500)


_lock = threading.Lock()
_client: list[httpx.Client] = []


def _http() -> httpx.Client:
    """One pool of connections for all trials of a process."""
    with _lock:
        if not _client:
            _client.append(new_client(int(MOST)))
        return _client[0]
