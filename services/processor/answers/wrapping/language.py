"""The words by which wrapping is known in one language, as pieces of regular expressions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """Pieces of patterns, matched in any case, with straight apostrophes, in a few hundred characters."""

    #: What a model says to agree to a task, as a clause of its own; those that are also taken with a `!` in
    #: the line of the answer, because nobody begins a text to others so.
    agreeing: str
    exclaimed: str
    #: What may stand before an announcement: "Based on the details, here is ...".
    reason: str
    #: How an announcement begins, before its article.
    announcing: str
    #: Announcements without a noun: those that may stand in the line of the text, and those in their own.
    presenting: str
    whole: str
    #: Articles that present something new, and those that point at something: the latter also open copy.
    article: str
    pointing: str
    #: Those of who asked.
    yours: str
    #: What the answer is called: names that copy itself rarely announces, those among them that need more
    #: words beside them, those of a judgement, and those that copy announces as well.
    work: str
    common: str
    finding: str
    loose: str
    #: How a noun may go on in an announcement whose text is in the same line.
    tail: str
    #: Words that no noun has before it in an announcement.
    small: str
    #: Words of a text to others, and words of the task, which outweigh them.
    reader: str
    task: str
    #: How offers begin, and what is offered: another text.
    offering: str
    changing: str
    #: Sentences about the answer; courtesies that say it only in a paragraph of their own, in no letter.
    about: str
    courtesy: str
    #: Courtesies that say nothing by themselves; words of an offer to others.
    mere: str
    product: str
    #: How a remark begins, and of which words one must be found in it.
    remark: str
    remarked: str
    #: Headings of explanations behind a line.
    heading: str
    #: How a letter begins.
    greeting: str
