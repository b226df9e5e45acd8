"""Wrapping in English."""

from services.processor.answers.wrapping.language import Language

_WORK = (
    r"(?:(?:subject|opening|cold|first) (?:line|e-?mail|sentence)s?|hooks?|openers?|ice-?breakers?"
    r"|one-?liners?"
    r"|tag-?lines?|(?:cold |outreach |follow-?up |linkedin )?(?:e-?mails?|messages?|dms?)|drafts?"
    r"|rewrites?|versions?"
    r"|variations?|variants?|value propositions?|follow-?ups?|outreach|intros?|introductions?"
    r"|calls? to action|ctas?"
    r"|personali[sz]ation|snippets?|cop(?:y|ies)|openings?|captions?|blurbs?)"
)
_LOOSE = (
    r"(?:lines?|notes?|texts?|responses?|repl(?:y|ies)|answers?|outputs?|results?|suggestions?|options?"
    r"|alternatives?|examples?|samples?|sentences?|paragraphs?|pitch(?:es)?|templates?|headlines?"
    r"|descriptions?"
    r"|posts?|compliments?|greetings?|statements?|attempts?|takes?|ideas?|proposals?|one)"
)
_FINDING = (
    r"(?:summar(?:y|ies)|analys[ie]s|assessments?|evaluations?|classifications?|ratings?"
    r"|(?:lead )?scores?|qualifications?"
    r"|translations?)"
)
_OBJECT = (
    r"(?:(?:it|this|that|them|these|those|anything|something)(?! (?:in|on|at|to (?!match|suit|fit|sound"
    r"|better|be|make|feel|your))\b)|(?:any|parts?) of (?:it"
    r"|this|these)|(?:the |its |their )?"
    r"(?:tone|wording|length|style|voice|language|focus|angle|details|placeholders?|names?|brackets?"
    r"|phrasing|ending"
    rf"|{_WORK}|sentence|text|copy|response|answer|line))\b"
)
ENGLISH = Language(
    agreeing=(
        r"(?:sure(?: thing)?|certainly|absolutely|definitely|of course|no problem|not a problem|got it"
        r"|gladly|great"
        r"|perfect|excellent|wonderful|awesome|okay|ok|alright|all right|understood|noted|right|yes"
        r"|will do|with pleasure"
        r"|(?:i(?:'d| would| will|'ll)? (?:be )?|i'?m |i am )?(?:more than )?(?:happy|glad"
        r"|delighted) to (?:help|assist)"
        r"(?: you)?(?: with (?:that|this))?"
        r"|i (?:can|will|'ll) (?:certainly |definitely |gladly )?(?:help|do) (?:you )?(?:with )?(?:that"
        r"|this)"
        r"(?: for you)?|i've got you covered|let me help(?: you)?(?: with that)?|let's (?:do it|craft this)"
        r"|(?:great|good) (?:question|request|choice)"
        r"|(?:thanks|thank you) for (?:the|your|sharing|providing)[^\n:.!?]{0,60})"
    ),
    exclaimed=(
        r"(?:sure(?: thing)?|certainly|absolutely|(?:i'd be |i'm )?(?:happy|glad) to help(?: with that)?)"
    ),
    reason=(
        r"(?:(?:based on|given|using|following|considering|with) (?:the|your|this|these)\b[^\n:.!?]{0,80}?"
        r"\b(?:information|details|data|criteria|instructions?|prompt|inputs?|description|request"
        r"|requirements|provided"
        r"|shared|given)\b[^\n:.!?]{0,60}?,\s"
        r"|as (?:requested|you (?:asked|requested)|per your (?:request|instructions)),?\s"
        r"|per your request,?\s"
        r"|for you,\s)"
    ),
    announcing=(
        r"(?:(?:so,? |and |now,? )?here(?:'s| is| are| goes|'re)(?: below)?|below (?:is|are)"
        r"|below,? you(?:'ll| will| can)"
        r" (?:find|see)|please find(?: below)?|find below|the following (?:is|are)|you(?:'ll"
        r"| will) find below"
        r"|i(?:'ve| have)?(?: just)? (?:written|wrote|drafted|crafted|created|prepared|composed|generated"
        r"|put together"
        r"|come up with|came up with|made)|i(?:'d| would) (?:suggest|propose|go with|recommend)|how about"
        r"|let's try"
        r"|this is)"
    ),
    presenting=r"(?:here (?:you|we) go|here(?:'s| is) (?:one|another(?: one)?)(?: for you)?)",
    whole=(
        r"(?:here (?:it is|they are|you are)|here(?:'s| is) (?:one|what i (?:came up with|have|wrote"
        r"|would (?:write|say|send)))(?: (?:for you|that (?:works|fits)|i like))?|here(?:'s"
        r"| is) something (?:you (?:can|could|might) (?:use|send|say)|like this)|voil[aà]"
        r"|how about (?:this|one)(?: one)?"
        r"|(?:something|maybe) like this)"
    ),
    article=r"(?:an?|one|some|another|a few|a couple of|several|two|three|four|five|six|ten|\d+)(?: more)?",
    pointing=r"(?:the(?: following)?|my|your|this)",
    yours=r"your",
    work=_WORK,
    common=(
        r"(?:e-?mails?|messages?|versions?|cop(?:y|ies)|outreach|personali[sz]ation|calls? to action"
        r"|intros?|follow-?ups?)"
    ),
    finding=_FINDING,
    loose=_LOOSE,
    small=r"\b(?:at|from|of|on|in|about|to|by|with|that|which|i|you|is|are|was|were|and|or|than|your|my)\b",
    tail=(
        r"(?:for|to|at|that|which|you|based|in|with|under|using|tailored|addressed|aimed|targeting|of"
        r"|about|below|as"
        r"|written|focused|personali[sz]ed|crafted|designed|highlighting|referencing|i)\b"
    ),
    reader=(
        r"\b(?:what|why|how|your(?! (?:(?:new|own|cold|next|target|personali[sz]ed|short|revised|updated"
        r"|ideal) )*(?:request|criteria"
        r"|instructions?|prompt|requirements?|specifications?|guidelines?|details|information|prospects?"
        r"|leads?"
        rf"|campaigns?|outreach|brief|review|consideration|inputs?|data|target|notes|voice|{_WORK}"
        rf"|{_FINDING}|texts?|answers?|responses?|repl(?:y|ies)|lines?)\b)"
        r"|we|our|us|everyone|every|everybody|nobody|anyone|from|who)\b"
    ),
    task=r"\b(?:you (?:asked|requested|wanted|need(?:ed)?|can (?:use|send))|as requested|per your)\b",
    offering=(
        r"(?:(?:please |just |also |and |so |simply )*(?:let me know|tell me|reach out|say so)"
        r"|(?:would|do) you (?:like|want|need|prefer)|want|need|should i|sh(?:all) i"
        r"|if (?:you(?:'d| would)? (?:like|prefer|want|need|wish)|needed|desired|this|that|it)"
        r"|i(?:'d| would) be (?:happy|glad)|i can|i could|(?:i(?:'m| am) )?(?:always )?(?:happy|glad) to"
        r"|(?:please |and |but )?feel free|you (?:can|may|could|might want to)|(?:please |just "
        r"|simply )?(?:replace|adjust"
        r"|tweak|customi[sz]e|remember to)|is there anything|can i|may i|don't hesitate)"
    ),
    changing=(
        r"\b(?:(?:adjust|tweak|chang|modify|revis|refin|edit|rewrit|rewrite|shorten|lengthen|rephras"
        r"|customi[sz]|personali[sz]"
        r"|tailor|adapt|expand|polish|regenerat|fine-tun|mak|replac|fill in|swap)(?:e|ing)?(?: out)? "
        rf"{_OBJECT}"
        r"|(?:any|some|more|other|another|different|additional|further|alternative|alternate|extra|few"
        r"|several"
        r"|shorter|longer) (?:(?:more|new|different|specific|alternative|shorter|longer|other|further) )?"
        r"(?:variations?|versions?|variants?|drafts?|takes?|angles?|tones?|styles?|hooks?|openers?"
        r"|ice-?breakers?"
        r"|subject lines?|follow-?up (?:e-?mails?|messages?))(?![\w-])(?! (?:of the|of your|contracts?"
        r"|pages?)\b)"
        r"|(?:want|like|need|prefer|make) (?:it|this|that|them) (?:to be )?(?:a (?:bit|little|touch) )?"
        r"(?:more|less|\w+er|formal|casual)\b"
        r"|(?:write|draft|create|generate|provide|craft|produce|score|qualify|suggest|offer)"
        r" (?:you )?(?:with )?(?:a few |some |two |three |\d+ )?(?:more|another|additional|alternative"
        r"|different|other"
        r"|further|a follow-?up (?:e-?mail|message|line)|a shorter|a longer)\b"
        r"|before (?:sending|you send)|should i make it)"
    ),
    about=(
        rf"(?:(?:this|the|that)(?: above)? (?!version|outreach|cop){_WORK} (?:(?:is|was"
        rf"|has been) (?:designed|crafted"
        r"|written to|tailored|kept|personali[sz]ed|structured)|references?|highlights?|leverages|aims to"
        r"|acknowledges"
        r"|emphasi[sz]es|positions|addresses|connects|ties|uses|keeps|opens with|leads with|combines"
        r"|stays (?:under|within)"
        r"|should (?:resonate|work)|plays on|appeals|draws on|speaks to|mentions"
        r"|incorporates)\b(?:(?!\byou)[^\n?;]){0,300}"
        r"|this is an? (?:[\w-]+,? ){0,4}(?:hooks?|openers?|ice-?breakers?|one-?liners?|draft"
        r"|subject line)\b(?:(?!\byou)[^\n?;]){0,200}"
        r"|i(?:'ve)? (?:kept|made|wrote|used|avoided|focused|tried|included"
        r"|left)\b[^\n?:]{0,200}\b(?:as (?:you )?(?:requested"
        r"|asked)|the tone|\d+ (?:words|characters)|placeholders?|the prompt)\b[^\n?:]{0,100}"
        r"|\(?(?:(?:word|character) count|words|characters|length)\s*:\s*~?\d+(?: (?:words|characters))?\)?"
        r"|\(?~?(?:approx(?:imately|\.)? |about |around )?\d+ (?:words|characters)\)?"
        r"|good luck with (?:your|the) (?:outreach|e-?mails?"
        r"|pitch)[^\n]{0,40}"
        r"|i hope (?:this|the) (?:message|e-?mail|draft|version|hook|opener|line)s? (?:works|helps|fits"
        r"|meets)[^\n]{0,60}"
        r"|(?:i )?hope (?:this|that) (?:meets|fits|matches) your (?:needs|requirements"
        r"|expectations)[^\n]{0,40})"
    ),
    courtesy=(
        r"(?:(?:please |just )?let me know(?: if (?:this|that|it) (?:helps|fits)(?: for you)?"
        r"| what you think"
        r"| how it (?:goes|sounds))?|(?:i )?hope (?:this|that|it|these) (?:helps?|works|is (?:helpful"
        r"|useful))[^\n]{0,60}"
        r"|is there anything else (?:i can|(?:that )?you(?:'d| would)? (?:like|need|want))[^\n]{0,60}"
        r"|let me know if (?:there(?:'s| is)|you need) anything else[^\n]{0,60}"
        r"|(?:please |just )*(?:let me know|feel free to (?:ask|let me know)) (?:if|for) (?:you(?:'d"
        r"| would)? (?:like|need|want|have) )?"
        r"(?:to make )?(?:any |some |further |other |more |additional )*(?:changes|edits|adjustments"
        r"|modifications|tweaks|revisions"
        r"|refinements)(?: made| to (?:it|this))?|(?:need|want) (?:any |some )?(?:changes|edits"
        r"|adjustments|tweaks))"
    ),
    mere=(
        r"(?:(?:just )?let me know(?: if (?:this|that|it) works(?: for you)?)?|good luck|enjoy|thank you"
        r"|thanks|cheers|happy (?:writing|selling))"
    ),
    product=(
        r"\b(?:your (?!voice|style|tone|needs|liking|brand|preference|taste|audience|prospect|outreach"
        r"|require|own (?:voice|words))"
        r"|each|every|any ?time|always|settings?|dashboard|account|app|plans?|quote|contract|sign)\b"
    ),
    remark=(
        r"(?:(?:please )?note(?: that)?|notes|tips?|explanation|rationale|reasoning|disclaimer|remember"
        r"|why (?:this|it) works)\s*[:,-]"
    ),
    remarked=(
        r"\b(?:i(?:'ve)? (?:kept|used|assumed|avoided|wrote|focused|made|included|left|tried|have)"
        r"|placeholders?|replace"
        rf"|adjust|tone|word count|as you asked|as requested|\d+ (?:words|characters)|the (?:prompt|line"
        rf"|{_WORK})|this (?:{_WORK}|draft|line))\b"
    ),
    heading=(
        r"(?:why (?:this|it|these) works?|explanation|rationale|reasoning|notes?|tips?|breakdown"
        r"|what (?:this|it) does"
        r"|key (?:points|elements)|word count|personali[sz]ation notes?)"
    ),
    greeting=r"(?:hi|hello|hey|dear|good (?:morning|afternoon)|subject)\b",
)
