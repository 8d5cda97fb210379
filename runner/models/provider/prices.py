"""What a call costs, and can cost at most, in US dollars."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version

from runner.messages import Usage
from runner.models.provider.endpoints import Endpoint, Price

Pricing = Callable[[Usage], float]
MILLION = 1_000_000


def pricing_of(provider: str, endpoint: Endpoint) -> tuple[Pricing | None, str]:
    """How to price tokens, and where that comes from; None where nobody knows the model's price.

    A price in the study's table wins, then the list of the library genai-prices, whose version dates it. A server on
    this machine costs nothing.
    """
    if endpoint.price is not None:
        return _of_table(endpoint.price), "the study's own table"
    if provider == "local":
        return lambda usage: 0.0, "local, free"
    listed = _of_list(provider, endpoint.model)
    return (listed, f"genai-prices {version('genai-prices')}") if listed else (None, "")


def most(pricing: Pricing, input_tokens: int, output_tokens: int) -> float:
    """The dearest that a call of at most so many tokens can be: all of its input written to the cache, or none."""
    return max(
        pricing(Usage(input=input_tokens, output=output_tokens)),
        pricing(Usage(cache_write=input_tokens, output=output_tokens)),
    )


def charged(usage: Usage, input_tokens: int, output_tokens: int, said: bool) -> Usage:
    """What a call is paid for: where its provider told nothing of what went in, or of what came out though something
    was `said`, the most that it can have been, as was set aside for it."""
    told_input = usage.total > usage.output
    return usage.model_copy(
        update={
            "input": usage.input if told_input else input_tokens,
            "output": output_tokens if said and not usage.output else usage.output,
        }
    )


def _of_table(price: Price) -> Pricing:
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write

    def priced(usage: Usage) -> float:
        tokens = usage.input * price.input + usage.cache_read * read + usage.cache_write * write
        return (tokens + usage.output * price.output) / MILLION

    return priced


def _of_list(provider: str, model: str) -> Pricing | None:
    import genai_prices

    where = provider if provider in ("anthropic", "openai", "openrouter") else None

    def priced(usage: Usage) -> float:
        tokens = genai_prices.Usage(
            input_tokens=usage.input + usage.cache_read + usage.cache_write,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write,
            output_tokens=usage.output,
        )
        total: Decimal = genai_prices.calc_price(tokens, model_ref=model, provider_id=where).total_price
        return float(total)

    try:
        priced(Usage(input=1, output=1))
    except LookupError:
        return None
    return priced
