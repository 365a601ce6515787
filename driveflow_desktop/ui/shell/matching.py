"""How well a typed text fits a command's name. Pure."""

_STARTS, _WORDS, _INITIALS = 100, 70, 50


def fit(text: str, label: str) -> int | None:
    """A score from 1 to 100, or nothing when `label` is not meant.

    The name begins with the text; or each typed word begins one of its words, in any order; or the text is the
    first letters of its words (“nb” for New booking). Of equal fits the shorter name scores higher.
    """
    typed = text.lower().split()
    words = ["".join(c for c in word if c.isalnum()) for word in label.lower().replace("-", " ").split()]
    words = [word for word in words if word]
    if not typed or not words:
        return None
    brevity = min(len(label), 29)
    if " ".join(words).startswith(" ".join(typed)):
        return _STARTS - brevity
    left = list(words)
    for part in typed:
        found = next((word for word in left if word.startswith(part)), None)
        if found is None:
            break
        left.remove(found)
    else:
        return _WORDS - brevity
    initials = "".join(word[0] for word in words)
    return _INITIALS - brevity if len(typed) == 1 and len(typed[0]) > 1 and initials.startswith(typed[0]) else None
