"""The library: read-only templates for each built-in category, which people copy and change."""

from datetime import UTC, datetime

from services.processor.templates.errors import TemplateNotFound
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.template import Template, TemplateFields

COLLECTION = "libraryTemplates"
CATEGORIES = ("Cold Outreach", "Lead Qualification", "Value Proposition", "Personalization")
_MADE = datetime(2026, 11, 1, tzinfo=UTC)


def _template(id_: str, category: str, name: str, *, column: str, prompt: str, **more: object) -> Template:
    settings = PromptSettings(prompt, column, **more)  # type: ignore[arg-type]
    return Template(id_, "", TemplateFields(name, category, settings), create_time=_MADE, update_time=_MADE)


_QUALIFICATION = (
    '{"type":"object","properties":{"score":{"type":"integer","minimum":0,"maximum":100},'
    '"reason":{"type":"string"}}}'
)
_ALL = (
    _template(
        "cold-opening-line",
        "Cold Outreach",
        "Opening line",
        column="Opening Line",
        prompt=(
            "Write the first sentence of a cold e-mail to {{First Name}}, {{Job Title}} at {{Company Name}}. "
            "Say something specific to their role. One sentence, no greeting, no question."
        ),
        word_limit=30,
        forbidden_words=("synergy", "revolutionary"),
    ),
    _template(
        "cold-email",
        "Cold Outreach",
        "Short cold e-mail",
        column="E-mail",
        prompt=(
            "Write a cold e-mail from {{$Sender}} to {{First Name}} at {{Company Name}} about {{$Offer}}. "
            "At most four sentences: why them, the problem, what we do about it, one question to end with. "
            "Plain words, no subject line, no signature."
        ),
        word_limit=110,
    ),
    _template(
        "cold-subject-line",
        "Cold Outreach",
        "Subject line",
        column="Subject",
        prompt=(
            "Write the subject line of an e-mail to {{First Name}} at {{Company Name}} about {{$Offer}}. "
            "Lower case but for names, no exclamation mark, at most six words."
        ),
        character_limit=60,
    ),
    _template(
        "qualify-score",
        "Lead Qualification",
        "Score with a reason",
        column="Fit",
        prompt=(
            "We sell {{$Offer}} to {{$Ideal Customer}}. How well does this company fit? "
            "Name: {{Company Name}}. Industry: {{Industry}}. Size: {{Company Size}}. "
            "Give a score from 0 to 100 and one sentence of reason."
        ),
        temperature=0.0,
        json_schema=_QUALIFICATION,
    ),
    _template(
        "qualify-persona",
        "Lead Qualification",
        "Buying role",
        column="Buying Role",
        prompt=(
            "What role does a {{Job Title}} at a company in {{Industry}} usually play in buying {{$Offer}}? "
            "Answer with one of: decision maker, influencer, user, none."
        ),
        temperature=0.0,
        max_tokens=20,
        is_choice=True,
    ),
    _template(
        "value-for-company",
        "Value Proposition",
        "Value for this company",
        column="Value",
        prompt=(
            "In one sentence of at most 25 words, say what {{$Offer}} is worth to {{Company Name}}, "
            "a company in {{Industry}}. Name the outcome, not features."
        ),
        word_limit=30,
    ),
    _template(
        "value-for-role",
        "Value Proposition",
        "Value for this role",
        column="Value for Role",
        prompt=(
            "What does a {{Job Title}} worry about in a normal week, and which of these does {{$Offer}} "
            "take away? Two sentences, addressed to {{First Name}}."
        ),
        word_limit=50,
    ),
    _template(
        "personal-icebreaker",
        "Personalization",
        "Icebreaker",
        column="Icebreaker",
        prompt=(
            "Write a friendly first line to {{Full Name}}, {{Job Title}} at {{Company Name}} in {{City}}. "
            "It may touch the city or the trade, but must not pretend that we have met."
        ),
        word_limit=30,
    ),
    _template(
        "personal-postscript",
        "Personalization",
        "Postscript",
        column="P.S.",
        prompt=(
            "Write a postscript of one sentence to {{First Name}} that connects {{$Offer}} with something "
            "typical of {{Industry}} companies in {{Country}}. Begin with P.S."
        ),
        word_limit=35,
    ),
)
_BY_ID = {each.id: each for each in _ALL}


def templates(category: str = "") -> tuple[Template, ...]:
    """Return the library's templates, all or those of one category."""
    return tuple(each for each in _ALL if not category or each.fields.category == category)


def find(id_: str) -> Template:
    """Return one template of the library; raise TemplateNotFound."""
    found = _BY_ID.get(id_)
    if found is None:
        raise TemplateNotFound
    return found
