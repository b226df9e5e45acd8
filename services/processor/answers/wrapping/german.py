"""Wrapping in German."""

from services.processor.answers.wrapping.language import Language

_WORK = (
    r"(?:aufhänger|einstiege?|einstiegss(?:atz|ätze)|eisbrecher|betreff(?:zeilen?)?|(?:kalt"
    r"|folge)?-?e-?mails?|mails?"
    r"|(?:linkedin-)?nachrichten?|entw(?:urf|ürfe)|version(?:en)?|fassung(?:en)?|varianten?|hooks?|opener"
    r"|wertversprechen"
    r"|follow-?ups?|ansprachen?)"
)
_LOOSE = (
    r"(?:texte?s?|vorschl(?:ag|äge)n?|antwort(?:en)?|sätze|satz|zeilen?|beispiele?|optionen?|alternativen?"
    r"|ergebnisse?|überschriften?|ideen?|notiz|absatz)"
)
GERMAN = Language(
    agreeing=(
        r"(?:gerne?(?: doch)?|natürlich(?: gerne?)?|klar(?: doch)?|sicher|selbstverständlich|na klar"
        r"|alles klar|okay|ok"
        r"|verstanden|perfekt|super|prima|kein problem|mache ich|absolut|mit vergnügen"
        r"|(?:dabei |da )?helfe ich (?:dir |ihnen )?gerne?(?: dabei)?|(?:danke"
        r"|vielen dank) für [^\n:.!?]{0,60})"
    ),
    exclaimed=r"(?:gerne?|natürlich|klar|sicher|selbstverständlich|na klar)",
    reason=(
        r"(?:(?:basierend auf|auf (?:der )?(?:basis|grundlage)|anhand)\b[^\n:.!?]{0,80}?\b(?:angaben"
        r"|informationen|daten|vorgaben|details)\b[^\n:.!?]{0,40}?,?\s(?=hier|folgt)"
        r"|wie (?:gewünscht|gewollt|besprochen),?\s)"
    ),
    announcing=(
        r"(?:hier (?:ist|sind|kommt|kommen|findest du|finden sie|hast du|haben sie|wäre|wären)|hier"
        r"|nachfolgend|im folgenden|anbei)"
    ),
    presenting=r"(?:bitte (?:schön|sehr)|hier, bitte|hier bitte)",
    whole=r"(?:bitte|hier ist (?:er|sie|es|eine?r?s?)|wie wäre es damit|so vielleicht)",
    article=r"(?:eine?|noch eine?|ein paar|einige|weitere|mehrere|zwei|drei|vier|fünf|zehn|\d+)",
    pointing=r"(?:der|die|das|den|mein|meine|ihr|ihre|dein|deine)",
    yours=r"(?:ihre?|deine?)",
    work=_WORK,
    common=r"(?:e-?mails?|mails?|nachrichten?|version(?:en)?|fassung(?:en)?|follow-?ups?|ansprachen?)",
    finding=r"(?:zusammenfassung(?:en)?|einschätzung|bewertung|übersetzung)",
    loose=_LOOSE,
    small=r"\b(?:von|vom|aus|in|im|auf|über|mit|für|an|ich|sie|du|ist|sind|und|oder)\b",
    tail=r"(?:für|an|zu|zum|zur|mit|im|in|auf|basierend|den|die|das|wie|über|von|nach|unter)\b",
    reader=(
        r"\b(?:wir|uns|unser\w*|niemand|jede[rnms]?|alle|was|warum|wie|(?:ihr|dein|euer)\w*"
        rf"(?! (?:\w+ )?(?:anfrage|vorgaben|kampagne|angaben|informationen|wünsche|wunsch|zielgruppe"
        rf"|{_WORK}|{_LOOSE})\b))\b"
    ),
    task=r"\b(?:gewünscht\w*|angefragt\w*|angefordert\w*|wie (?:gewünscht|besprochen))\b",
    offering=(
        r"(?:(?:bitte )?(?:lass(?:en)? (?:sie )?(?:es )?mich(?: gerne)? wissen"
        r"|sag(?:en)?(?: sie)?(?: mir)?(?: gerne)? bescheid"
        r"|gib mir bescheid|melde dich|melden sie sich)"
        r"|möchte(?:n sie|st du)|soll ich|wenn (?:du|sie)\b|falls (?:du|sie)\b|gerne? (?:kann|passe|mache"
        r"|schreibe|erstelle) ich"
        r"|ich (?:kann|könnte)|(?:du kannst|sie können)|passe?n? (?:sie )?(?:den|die|das)\b|kann ich)"
    ),
    changing=(
        r"\b(?:änderung(?:en|swünsche)|anpassungen|(?:ander|weiter|zusätzlich|alternativ|kürzer|länger"
        r"|neu)e[nrs]?\s(?:\w+\s)?(?:version(?:en)?|fassung(?:en)?|varianten?"
        r"|entw(?:urf|ürfe)|aufhänger|tonfall|stil|ton)"
        r"|(?:den|die|das|ihn|sie|es|etwas|noch)\s(?:ton(?:fall)?|stil|text|nachricht|e-?mail|länge"
        r"|formulierung|betreff|platzhalter"
        r"|einstieg|aufhänger)?\s?(?:\w+\s){0,2}?(?:anpasse?n?|ändern?e?|kürzer|länger|kürzen?"
        r"|umformulieren?|überarbeiten?"
        r"|verfeinern?|formeller|lockerer|ersetzen?)"
        r"|(?:ton(?:fall)?|text|länge|formulierung|platzhalter)\b[^.!?\n]{0,40}\b(?:anpassen|ändern"
        r"|kürzen|ersetzen))\b"
    ),
    about=(
        rf"(?:diese[rs]? {_WORK} (?:bezieht|greift|verbindet|spricht|hebt|nutzt|ist so|zielt|verweist"
        rf"|betont|endet|bleibt)\b"
        r"[^\n]{0,300}"
        r"|\(?(?:wort(?:an)?zahl|wörter|zeichen(?:zahl)?|anzahl (?:der )?(?:wörter|zeichen))\s*:\s*~?\d+\)?"
        r"|\(?~?\d+ (?:wörter|zeichen|worte)\)?|viel erfolg (?:mit|bei) (?:der|deiner|ihrer) (?:ansprache"
        r"|akquise|kampagne)[^\n]{0,40}"
        r"|ich hoffe,? (?:die(?:se)?r? )?(?:text|nachricht|e-?mail|entwurf|version)[^\n]{0,60})"
    ),
    courtesy=(
        r"(?:(?:ich )?hoffe,? (?:das|dies|es) (?:hilft|passt|gefällt)[^\n]{0,40}"
        r"|(?:bitte )?(?:lass(?:en)? (?:sie )?(?:es )?mich"
        r"(?: gerne)? wissen|sag(?:en sie)?(?: mir)?(?: gerne)? bescheid)(?:,? (?:ob|wenn) (?:das"
        r"|es) (?:so )?passt)?"
        r"|kann ich (?:sonst )?noch etwas (?:für (?:dich|sie) )?tun|sonst noch etwas)"
    ),
    mere=r"(?:viel erfolg|viel spaß|danke|vielen dank)",
    product=r"\b(?:jede[rnms]?|jederzeit|immer|einstellungen|konto|tarife?|vertrags?|angebots?)\b",
    remark=(
        r"(?:(?:bitte beachten(?: sie)?|hinweise?|anmerkung(?:en)?|tipps?|erklärung|begründung"
        r"|warum (?:das|es|dies) funktioniert)\s*[:,-])"
    ),
    remarked=(
        rf"\b(?:ich habe|platzhalter|ersetze[n]?|anpassen|ton(?:fall)?|wie gewünscht"
        rf"|diese[rs]? (?:{_WORK}|text))\b"
    ),
    heading=(
        r"(?:warum (?:das|es|dies) funktioniert|erklärung|begründung|hinweise?|anmerkung(?:en)?|tipps?)"
    ),
    greeting=r"(?:hallo|hi|hey|liebe[r]?|sehr geehrte[r]?|guten (?:tag|morgen)|betreff)\b",
)
