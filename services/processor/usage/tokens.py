"""Tokens, estimated from texts where nobody has counted them."""

#: A token of text is about this many bytes of UTF-8 (OpenAI's rule of thumb for English).
BYTES_PER_TOKEN = 4
#: What a message and its role add to the tokens of a request.
REQUEST_TOKENS = 11


def tokens_of(text: str) -> int:
    """Return about how many tokens a text has."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)
