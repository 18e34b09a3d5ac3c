"""Words of messages: values that fit a line and cannot move the cursor, and reasons that give no bad advice."""

import unicodedata

# Control, format (direction marks, zero-width joiners), lone surrogates; line and paragraph separators.
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_LONGEST_WORD = 160
LONGEST_MESSAGE = 700
# What PyTorch's and NumPy's messages advise here is to run what the file asks for.
_UNSAFE = ("allow_pickle", "weights_only", "add_safe_globals", "safe_globals", "pickle", "trust_remote_code")


def shown(value: object, limit: int = LONGEST_MESSAGE) -> str:
    """A value on one line: control characters written out, long words and long texts without their middle.

    shown("a\\x1b[31mb")  # 'a\\\\x1b[31mb'
    """
    words = [_middle_out(visible(word), _LONGEST_WORD) for word in str(value).split()]
    return _middle_out(" ".join(words), limit)


def visible(text: str) -> str:
    """A text whose control characters are written out; line breaks and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c.encode("unicode_escape").decode("ascii")
        if unicodedata.category(c) in _UNSEEN and c not in "\n\t"
        else c
        for c in text
    )


def _middle_out(text: str, limit: int) -> str:
    """Both ends of a text that is too long: the beginning says what it is, the end has the remedy."""
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail - 3]}...{text[-tail:]}"


def plural(count: int, word: str, several: str | None = None) -> str:
    """A number and what it counts: `1 piece`, `2 pieces`."""
    return f"{count:,} {word if count == 1 else several or word + 's'}"


def reason(error: BaseException, limit: int = 160) -> str:
    """What went wrong in another library, on one line, without its advice to load a file unsafely."""
    if isinstance(error, KeyError) and error.args:
        return f"{shown(error.args[0], limit)!r} is missing"
    if isinstance(error, (TypeError, AttributeError, IndexError)):
        return "it holds something else than it should"  # what Python says then is of our code
    text = shown(str(error).split("\n\n")[0], limit)
    if not text or any(word in str(error) for word in _UNSAFE):
        return (
            "it holds more than plain numbers and text, which is never loaded"
            if text
            else type(error).__name__
        )
    return text
