"""How Kimodo cleans up a prompt before it is embedded; embeddings are those of the cleaned sentence."""

ENDINGS = ".!?"
KEPT_AT_THE_END = ENDINGS + "\"])'"


def clean_prompt(prompt: str) -> str:
    """The sentence that the published code makes of a prompt; empty stays empty.

    White space runs to one space, signs before the first letter and most behind the last go, the first letter becomes
    a capital and all others small, a full stop is added, and every sentence begins with a capital. Oddities are kept,
    as embeddings depend on them: "3.5 m" becomes "3. 5 m".
    """
    text = " ".join(prompt.split())
    while len(text) > 1 and not text[0].isalnum():
        text = text[1:]
    if not text:
        return ""
    text = text[0].upper() + text[1:].lower()
    while text and not (text[-1].isalnum() or text[-1] in KEPT_AT_THE_END):
        text = text[:-1]
    if not text.endswith(tuple(ENDINGS)):
        text += "."
    for mark in ENDINGS:
        parts = [part.strip() for part in text.split(mark)]
        text = f"{mark} ".join(part[:1].upper() + part[1:] for part in parts).strip()
    return text
