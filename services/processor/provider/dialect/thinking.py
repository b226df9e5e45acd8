"""A model's thinking that stands before its answer, in the marks that models and servers use."""

import re

#: One line for each pair of marks, as they stand at the beginning of a text.
_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reason>", "</reason>"),
    ("<reflection>", "</reflection>"),
    ("<analysis>", "</analysis>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ("<|think|>", "<|/think|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("[think]", "[/think]"),
    ("[thinking]", "[/thinking]"),
    ("◁think▷", "◁/think▷"),
)
#: Servers that put the opening mark into the prompt send only the closing one.
_CLOSING_ALONE = ("</think>", "◁/think▷", "[/think]", "</seed:think>")
#: The channels of gpt-oss: the answer stands in the last one.
_FINAL = re.compile(r"(?i)<\|channel\|>\s*final\b[^<]{0,80}<\|message\|>")
_CHANNEL_END = re.compile(r"(?i)<\|(?:end|return|start)\|>")


def without_thinking(text: str) -> tuple[str, bool]:
    """Return the answer without the thinking before it, and whether there was any.

    The answer is empty if the thinking does not end.
    """
    if "<|channel|>" in text:
        *_, last = _FINAL.split(text)
        if last is not text and last != text:
            return _CHANNEL_END.split(last)[0].strip(), True
        return "", True
    taken = False
    while True:
        start = text.lstrip()
        head = start[:24].lower()
        pair = next((pair for pair in _MARKS if head.startswith(pair[0])), None)
        if pair is None:
            break
        end = start.lower().find(pair[1], len(pair[0]))
        if end < 0:
            return "", True
        text, taken = start[end + len(pair[1]) :].lstrip(), True
    if not taken:
        lowered = text.lower()
        for mark in _CLOSING_ALONE:
            end = lowered.find(mark)
            if end >= 0 and lowered.find(mark.replace("/", ""), 0, end) < 0:
                return text[end + len(mark) :].lstrip(), True
    return text, taken
