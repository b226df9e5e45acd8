"""Wrapping in French."""

from services.processor.answers.wrapping.language import Language

_WORK = (
    r"(?:accroches?|(?:objets?|lignes?) d(?:e l)?'(?:objet|e-?mail|e-?mails)|e-?mails?|courriels?|mails?"
    r"|messages?(?: linkedin)?"
    r"|brouillons?|versions?|variantes?|brise-glaces?|introductions?|propositions? de valeur|relances?"
    r"|phrases? d'accroche|objets?)"
)
_LOOSE = (
    r"(?:textes?|propositions?|suggestions?|réponses?|phrases?|lignes?|exemples?|options?|alternatives?"
    r"|résultats?"
    r"|titres?|idées?|notes?|paragraphes?)"
)
FRENCH = Language(
    agreeing=(
        r"(?:bien sûr|avec plaisir|certainement|absolument|d'accord|parfait|très bien|entendu|compris|ok"
        r"|okay|pas de problème"
        r"|volontiers|évidemment|naturellement|super|je peux vous aider(?: avec (?:cela|ça))?"
        r"|merci pour [^\n:.!?]{0,60})"
    ),
    exclaimed=r"(?:bien sûr|avec plaisir|certainement|absolument)",
    reason=(
        r"(?:(?:d'après|selon|sur la base|à partir|en fonction)\b[^\n:.!?]{0,80}?\b(?:informations"
        r"|éléments|consignes|données|critères|détails)\b[^\n:.!?]{0,60}?,\s|comme (?:demandé|convenu),?\s)"
    ),
    announcing=(
        r"(?:voici|voilà|ci-dessous|vous trouverez ci-dessous|j'ai (?:rédigé|écrit|préparé|créé)"
        r"|je (?:vous )?propose)"
    ),
    presenting=r"(?:en voici (?:une?|d'autres)|voici pour vous|et voilà)",
    whole=r"(?:(?:le |la |les )?(?:voici|voilà)|que dites-vous de ceci)",
    article=r"(?:une?|quelques|plusieurs|d'autres|deux|trois|quatre|cinq|dix|\d+)",
    pointing=r"(?:le|la|les|l'|ma|mon|votre|vos|ton|ta)",
    yours=r"(?:votre|ton|ta)",
    work=_WORK,
    common=r"(?:e-?mails?|courriels?|mails?|messages?|versions?|introductions?|relances?|objets?)",
    finding=r"(?:résumés?|évaluations?|analyses?|traductions?)",
    loose=_LOOSE,
    small=r"\b(?:de|du|des|sur|dans|à|au|en|avec|pour|je|vous|tu|est|sont|et|ou|que|qui)\b",
    tail=(
        r"(?:pour|à|au|aux|de|d'|du|des|qui|que|basée?|avec|en|sur|adaptée?|personnalisée?|courte?"
        r"|destinée?|sous|révisée?|revue?|corrigée?|améliorée?|finale?|alternative|plus|ci-dessous)"
    ),
    reader=(
        r"\b(?:nous|notre|nos|personne|chaque|tous|pourquoi|comment|ce que|(?:votre|vos|ton|ta|tes)"
        r"(?! (?:\w+ )?(?:demande|critères|instructions?|campagne|prospects?|informations?|consignes|cible"
        rf"|{_WORK}|{_LOOSE})\b))\b"
    ),
    task=r"\b(?:demandée?s?|comme (?:demandé|convenu)|selon vos|souhaitée?s?)\b",
    offering=(
        r"(?:n'hésite[sz]? pas à|(?:faites|dites)-(?:le-)?moi|dis-moi|si (?:vous|tu)\b|(?:souhaitez"
        r"|voulez|aimeriez|désirez)-vous"
        r"|(?:veux|souhaites|voudrais)-tu|je (?:peux|pourrais|reste)|vous pouvez|dois-je|puis-je)"
    ),
    changing=(
        r"\b(?:modifications?|ajustements?|changements?|retouches|révisions?"
        r"|(?:une |d'|quelques )?(?:autres?|nouvelles?|différentes?) (?:versions?|variantes?|accroches?)"
        r"|(?:versions?|variantes?) (?:plus|différentes?|supplémentaires?|alternatives?)"
        r"|(?:ajust|adapt|modifi|raccourc|reformul|personnalis|rend|rédig|retravaill|chang)\w*"
        r" (?:(?:le|la|l'|les|ce|cette)\s?(?:ton|style|texte|message|longueur|version|accroche|e-?mail"
        r"|formulation)|plus \w+)|(?:le|la|l')\s?(?:reformuler|raccourcir|modifier|adapter|ajuster"
        r"|rendre plus \w+))"
    ),
    about=(
        rf"(?:(?:cette|ce|cet) {_WORK} (?:fait référence|met en avant|s'appuie|évoque|souligne|utilise"
        rf"|reste|vise|est conçue?)\b"
        r"[^\n]{0,300}|\(?(?:nombre de (?:mots|caractères)|mots|caractères)\s*:\s*~?\d+\)?"
        r"|\(?~?\d+ (?:mots|caractères)\)?"
        r"|bonne (?:chance|prospection)(?: (?:avec|pour) (?:votre|la) prospection)?)"
    ),
    courtesy=(
        r"(?:j'espère que (?:cela|ça|ceci)(?: vous| te)? (?:aide|aidera|convient|conviendra|plaît|plaira"
        r"|sera utile)[^\n]{0,40}"
        r"|(?:dites|faites)-(?:le-)?moi(?: savoir)?(?: si (?:cela|ça) vous convient)?"
        r"|puis-je (?:faire|vous aider)[^\n]{0,40})"
    ),
    mere=r"(?:bonne chance|merci)",
    product=r"\b(?:chaque|toujours|à tout moment|paramètres|compte|forfaits?|contrat|devis)\b",
    remark=(
        r"(?:(?:à noter|remarques?|notes?|conseils?|explication|pourquoi (?:ça|cela) (?:marche"
        r"|fonctionne))\s*[:,-])"
    ),
    remarked=rf"\b(?:j'ai|remplace[rz]|adapte[rz]|ton|comme demandé|(?:cette|ce) (?:{_WORK}|texte))\b",
    heading=r"(?:pourquoi (?:ça|cela) (?:marche|fonctionne)|explication|remarques?|notes?|conseils?)",
    greeting=r"(?:bonjour|bonsoir|salut|cher|chère|madame|monsieur|objet)\b",
)
