"""What is known about models: which parameters they accept, and what their tokens cost.

Models that are not in the table can be used as well, as ordinary chat models without a known price.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

#: The date of the prices; providers change them.
PRICES_DATE = "2026-03-21"
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known about one model; prices are US dollars per million tokens, None if unknown."""

    id: str
    reasoning: bool = False
    input_price: Decimal | None = None
    output_price: Decimal | None = None

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """Return what tokens cost in US dollars; None if the price is unknown."""
        if self.input_price is None or self.output_price is None:
            return None
        return (input_tokens * self.input_price + output_tokens * self.output_price) / _MILLION


def _known(id_: str, input_price: str, output_price: str, *, reasoning: bool = False) -> ModelFacts:
    return ModelFacts(id_, reasoning, Decimal(input_price), Decimal(output_price))


MODELS = {
    each.id: each
    for each in (
        _known("gpt-3.5-turbo", "0.50", "1.50"),
        _known("gpt-4", "30.00", "60.00"),
        _known("gpt-4-turbo", "10.00", "30.00"),
        _known("gpt-4.1", "2.00", "8.00"),
        _known("gpt-4.1-mini", "0.40", "1.60"),
        _known("gpt-4.1-nano", "0.10", "0.40"),
        _known("gpt-4o", "2.50", "10.00"),
        _known("gpt-4o-mini", "0.15", "0.60"),
        _known("gpt-5", "1.25", "10.00", reasoning=True),
        _known("gpt-5-mini", "0.25", "2.00", reasoning=True),
        _known("gpt-5-nano", "0.05", "0.40", reasoning=True),
        _known("gpt-5.1", "1.25", "10.00", reasoning=True),
        _known("o1", "15.00", "60.00", reasoning=True),
        _known("o3", "2.00", "8.00", reasoning=True),
        _known("o3-mini", "1.10", "4.40", reasoning=True),
        _known("o4-mini", "1.10", "4.40", reasoning=True),
    )
}
# Families whose newer members accept the same parameters. Prices apply only to exact models and dated
# versions.
_REASONING_FAMILIES = ("o1", "o3", "o4", "gpt-5")


def facts_of(model: str) -> ModelFacts:
    """Return what is known about a model, by its own name or by the name of which it is a dated version."""
    known = MODELS.get(model)
    if known is not None:
        return known
    base, _, version = _without_date(model)
    if version and base in MODELS:
        return MODELS[base]
    reasoning = any(
        model == family or model.startswith((f"{family}-", f"{family}.")) for family in _REASONING_FAMILIES
    )
    # Chat versions of reasoning models do not reason, and accept a temperature.
    return ModelFacts(model, reasoning and not model.endswith("-chat-latest"))


# Names that makers and servers give to models that think before they answer.
_THINKING = re.compile(
    r"(?:^|[/:._-])(?:r1|qwq|reason(?:er|ing)|think(?:ing|er)?|magistral|gpt-oss|gemini-(?:2\.5|3)|glm-4\.[5-9]"
    r"|grok-[34]-mini|grok-4|deepseek-(?:v4|flash|pro)|qwen3|kimi-k2-thinking|minimax-m[12])(?:$|[/:._-])"
)


def thinks(model: str) -> bool:
    """Whether a model's name says that it thinks before it answers, which counts as part of its answers."""
    return facts_of(model).reasoning or _THINKING.search(model.lower()) is not None


def _without_date(model: str) -> tuple[str, str, str]:
    """Split `gpt-4o-2024-08-06` into `gpt-4o`, `-` and `2024-08-06`."""
    parts = model.rsplit("-", 3)
    if len(parts) == 4 and all(part.isdecimal() for part in parts[1:]) and len(parts[1]) == 4:
        return parts[0], "-", "-".join(parts[1:])
    return model, "", ""
