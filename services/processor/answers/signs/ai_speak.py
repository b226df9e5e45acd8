"""What a model says of itself or to who asked, in place of an answer: what it is, cannot do, or lacks."""

import re

_FACTS = r"(?:information|informations|context|details?|data|background|specifics)"
_ASKED = (
    r"(?:(?:company|business|lead|prospect|recipient|contact|person|product|job|role|industry)(?:'s)?"
    rf"(?: (?:name|title|{_FACTS}))|{_FACTS} (?:about|on|for|so)|(?:text|input|prompt|row))"
)
_MADE = (
    r"(?:that|this|it|about|such|any|content|personal|more|the (?:requested|message|e-?mail|hook|line"
    r"|content)"
    rf"|(?:an? )?(?:\w+ )?(?:hook|message|e-?mail|line|opener|response|answer|draft|summary|score"
    rf"|{_FACTS}))\b"
)
# What an assistant says it cannot do; a person says other things in the same words.
_TASK = (
    r"(?:assist|comply|fulfil|browse|access|verify|confirm|determine|do that|answer (?:that|this)"
    r"|help(?: you)?(?: with\b|[.!,]|$)|engage in|judge (?:that|this)"
    rf"|(?:provide|create|generate|write|draft|produce|complete|score|evaluate|assess|give you"
    rf"|share) {_MADE})"
)
_SELF = r"(?:ai|artificial intelligence|(?:large )?(?:ai )?language model)"
# "As an AI company" is said by people: after the noun comes a pause, or what the model says of itself.
_ENDS = (
    r"(?:(?: language)? (?:model|assistant|chatbot|system|program)s?)?"
    r"(?=\s*[,.;:!)]|\s+(?:i|my|and i|developed|trained)\b|$)"
)

_ENGLISH = (
    rf"\bas an? {_SELF}{_ENDS}|\bi(?:'m| am) (?:just |only )?an? (?:ai\b(?! \w*(?:engineer|researcher"
    rf"|person|fan|founder))"
    r"|language model)"
    rf"|\bi(?: cannot| can't| can not|(?: am|'m) (?:unable|not able) to) {_TASK}"
    r"|\bsorry,? (?:but )?i (?:cannot|can't|am unable)(?! (?:make it|come|attend|join))"
    rf"|\bi (?:do not|don't|did not|didn't) have (?:access to|(?:enough|sufficient|any) (?:\w+ )?{_FACTS}"
    rf"|the ability to"
    r"|personal (?:opinions|experiences?|feelings)|real-?time)"
    rf"|\bi(?: would|'d|'ll| will)? need (?:some )?(?:more|additional|further) (?:\w+ )?{_FACTS}"
    rf"|\b(?:not|isn't|insufficient)(?: enough)? {_FACTS}(?: (?:is|was|were|has been|about|to|on))?"
    r" (?:provided|given|available|to (?:write|create|generate|score|determine|answer|personali[sz]e))"
    rf"|\bthere(?: is not|'s not|isn't| is)(?: enough| not enough| insufficient| sufficient) {_FACTS}"
    rf"|\bno (?:\w+ )?{_FACTS} (?:is|was|were|has been|have been) (?:provided|given|available|supplied)"
    rf"|\b(?:provided|given|available|supplied) {_FACTS} (?:do(?:es)? not|don't|doesn't|is not|isn't"
    rf"|is insufficient|lacks?)"
    r"|\bplease (?:provide|share|supply|specify|clarify|include|give me|tell me)(?: me with)? (?:the "
    r"|some |a bit |any )?"
    rf"(?:(?:more|additional|further|missing|necessary|required) (?:\w+ )?{_FACTS}|{_ASKED})"
    r"|\b(?:could|can|would) you (?:please )?(?:provide|share|give|clarify|specify"
    r"|tell)(?: me)?(?: with)?(?: some| a bit| any)?"
    rf" (?:more|additional|further) (?:\w+ )?{_FACTS}(?! (?:about|on) your)"
    r"|\bas of my (?:last|latest|most recent|knowledge|training)|\bmy (?:training data|knowledge cut-?off)"
)
_GERMAN = (
    r"\bals (?:eine? )?(?:ki|künstliche intelligenz)(?:-(?:sprachmodell|modell|assistent))?(?=[,.]"
    r"| (?:habe|kann|bin|verfüge)\b)"
    r"|\bals (?:großes )?sprachmodell\b|\b(?:dabei|damit|das|ihnen"
    r"|dir) kann ich (?:\w+ ){0,3}nicht (?:helfen|beantworten|beurteilen)"
    r"|\bich kann (?:\w+ ){0,4}nicht (?:helfen|beantworten|beurteilen|erstellen|verfassen|darauf zugreifen)"
    r"|\b(?:nicht|keine?) (?:genügend|genug|ausreichend\w*|weiteren) (?:informationen|angaben|daten"
    r"|details)"
    r"|\bbitte (?:geben?|gib|teilen?|nennen?|stellen?|ergänzen?) (?:sie )?(?:mir )?(?:bitte )?(?:mehr"
    r"|weitere|zusätzliche)"
    r" (?:details|informationen|angaben|daten)"
)
_FRENCH = (
    r"\ben tant (?:qu'(?:ia|intelligence artificielle)|que (?:grand )?modèle de langage)\b"
    r"|\bje ne (?:peux|suis pas en mesure de) (?:pas )?(?:vous aider|répondre|fournir|générer|rédiger"
    r"|créer|accéder|vérifier)"
    r"|\bje n'ai pas (?:accès|assez d'informations|suffisamment d'informations)"
    r"|\bveuillez (?:me )?(?:fournir|donner|préciser|partager) (?:plus|davantage) d"
    r"|\bpou(?:rriez|vez)-vous (?:me )?(?:donner|fournir|préciser|partager) (?:plus|davantage) d"
)
_SPANISH = (
    r"\bcomo (?:un )?(?:gran )?(?:modelo de lenguaje|ia\b|inteligencia artificial)"
    r"|\bno puedo (?:ayudar\w*|proporcionar|generar|crear (?:ese|este|el)|acceder|verificar|responder)"
    r"|\bno (?:tengo|dispongo de|cuento con) (?:acceso|suficiente información|información suficiente)"
    r"|\bpor favor,? (?:proporci[oó]na\w*|comparte|indica|dame|facilita) (?:más|información adicional)"
    r"|\bpod(?:rías|ría) (?:darme|proporcionarme|compartir|facilitarme) (?:más (?:información|detalles"
    r"|datos|contexto))"
)
_ANY = re.compile("|".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH)), re.IGNORECASE | re.MULTILINE)


def has_ai_speak(text: str) -> bool:
    """Whether a model speaks of itself in a text in plain spelling."""
    return _ANY.search(text) is not None
