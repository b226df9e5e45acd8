"""Wrapping in Spanish."""

from services.processor.answers.wrapping.language import Language

_WORK = (
    r"(?:ganchos?|asuntos?|líneas? de (?:asunto|apertura)|correos?(?: electrónicos?)?|e-?mails?"
    r"|mensajes?(?: de linkedin)?"
    r"|borrador(?:es)?|versi(?:ón|ones)|variantes?|variaci(?:ón|ones)|rompehielos|propuestas? de valor"
    r"|seguimientos?|aperturas?)"
)
_LOOSE = (
    r"(?:textos?|propuestas?|sugerencias?|respuestas?|frases?|líneas?|ejemplos?|opci(?:ón|ones)"
    r"|alternativas?"
    r"|resultados?|títulos?|ideas?|notas?|párrafos?)"
)
SPANISH = Language(
    agreeing=(
        r"(?:claro(?: que sí)?|por supuesto|desde luego|con (?:mucho )?gusto|seguro|perfecto|entendido"
        r"|de acuerdo|vale|ok|okay"
        r"|genial|estupendo|sin problema|absolutamente|encantad[oa] de ayudar(?:te|le)?"
        r"|puedo ayudarte(?: con eso)?"
        r"|gracias por [^\n:.!?]{0,60})"
    ),
    exclaimed=r"(?:claro(?: que sí)?|por supuesto|desde luego|con (?:mucho )?gusto|seguro)",
    reason=(
        r"(?:(?:según|basándome en|a partir de|con base en)\b[^\n:.!?]{0,80}?\b(?:información|datos"
        r"|instrucciones|criterios|detalles)\b[^\n:.!?]{0,60}?,\s|(?:como|tal como) (?:pediste"
        r"|solicitaste|pidió),?\s)"
    ),
    announcing=(
        r"(?:aquí (?:tienes?|tiene|está|están|va|van|te dejo|le dejo|hay)|a continuación(?:,| tienes"
        r"| te presento| te dejo| encontrarás)?"
        r"|te (?:propongo|dejo)|este es|esta es|he (?:escrito|redactado|preparado|creado))"
    ),
    presenting=r"(?:aquí (?:tienes|tiene|va) un[oa]|ahí va)",
    whole=r"(?:aquí (?:está|tienes|tiene|va|lo tienes)|qué tal (?:este|esta|esto|así))",
    article=r"(?:una?|unos|unas|algun[oa]s|vari[oa]s|otr[oa]s?|dos|tres|cuatro|cinco|diez|\d+)",
    pointing=r"(?:el|la|los|las|mi|tu|su)",
    yours=r"(?:tu|su)",
    work=_WORK,
    common=r"(?:correos?|e-?mails?|mensajes?|versi(?:ón|ones)|seguimientos?)",
    finding=(
        r"(?:res(?:umen|úmenes)|evaluaci(?:ón|ones)|análisis|traducci(?:ón|ones)|clasificaci(?:ón|ones))"
    ),
    loose=_LOOSE,
    small=r"\b(?:de|del|en|sobre|con|para|a|al|yo|que|es|son|y|o)\b",
    tail=(
        r"(?:para|a|al|de|del|que|basad[oa]|con|en|sobre|dirigid[oa]|personalizad[oa]|cort[oa]|según"
        r"|revisad[oa]|corregid[oa]|mejorad[oa]|final|alternativ[oa]|más)\b"
    ),
    reader=(
        r"\b(?:nosotros|nuestr[oa]s?|nadie|cada|todos|por qué|cómo|lo que|(?:tu|tus|su|sus)"
        r"(?! (?:\w+ )?(?:solicitud|criterios|instrucciones|campaña|prospectos?|información|indicaciones"
        r"|público"
        rf"|{_WORK}|{_LOOSE})\b))\b"
    ),
    task=r"\b(?:solicitad[oa]s?|pedid[oa]s?|que (?:pediste|solicitaste)|según tus)\b",
    offering=(
        r"(?:(?:por favor,? )?(?:avísame|avíseme|dime|dígame|hazme saber|házmelo saber)|si (?:quieres"
        r"|lo deseas|deseas|necesitas|prefieres|te gustaría"
        r"|desea|quiere)|(?:quieres|te gustaría|quiere|le gustaría|necesitas|deseas)\b|puedo|podría"
        r"|no dudes en|siéntete libre|puedes)"
    ),
    changing=(
        r"\b(?:(?:algún|más|otros?|hacer|algunos) (?:cambios?|ajustes?|modificaci(?:ón|ones)|retoques?)"
        r"|(?:otr[oa]s?|más|nuev[oa]s?|algunas?) (?:versi(?:ón|ones)|variantes?|variaci(?:ón|ones)"
        r"|ganchos?)"
        r"|(?:versi(?:ón|ones)|variantes?) (?:más|diferentes?|alternativas?)"
        r"|(?:ajust|adapt|modifi|acort|reformul|personali[sz]|cambi|hacer)\w*"
        r" (?:(?:el|la|lo|los|este|esta)\s?(?:tono|estilo|texto|mensaje|longitud|versión|gancho|correo"
        r"|redacción)|más \w+)"
        r"|(?:hacerlo|lo haga) más \w+|acortarlo|ajustarlo|modificarlo)\b"
    ),
    about=(
        rf"(?:est[ea] {_WORK} (?:hace referencia|destaca|menciona|utiliza|mantiene|busca"
        rf"|está diseñad[oa])\b[^\n]{{0,300}}"
        r"|\(?(?:número de (?:palabras|caracteres)|palabras|caracteres)\s*:\s*~?\d+\)?"
        r"|\(?~?\d+ (?:palabras|caracteres)\)?"
        r"|(?:buena|mucha) suerte con (?:tu|la) prospección)"
    ),
    courtesy=(
        r"(?:espero que (?:esto |te |le |esto te |esto le )?(?:ayude|sirva|sea útil|guste"
        r"|funcione)[^\n]{0,40}"
        r"|(?:avísame|dime|hazme saber)(?: si (?:te sirve|funciona))?"
        r"|(?:hay algo más|puedo ayudarte)[^\n]{0,40})"
    ),
    mere=r"(?:(?:buena|mucha) suerte|gracias)",
    product=r"\b(?:cada|siempre|en cualquier momento|ajustes de|cuenta|planes|contrato|presupuesto)\b",
    remark=r"(?:(?:notas?|ten en cuenta|consejos?|explicación|por qué funciona)\s*[:,-])",
    remarked=rf"\b(?:he|reemplaza|sustituye|ajusta|tono|como pediste|est[ea] (?:{_WORK}|texto))\b",
    heading=r"(?:por qué funciona|explicación|notas?|consejos?)",
    greeting=r"(?:hola|estimad[oa]|buen(?:os|as) (?:días|tardes)|querid[oa]|asunto)\b",
)
