"""Guesses which known word was meant by one that is not known.

In: a word, and the words that would have been right. Out: the nearest of them, or the hint that says so. Touches:
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant, or None when nothing is close. Case counts little."""
    from difflib import get_close_matches  # here, because it is needed only when something is wrong

    lowered: dict[str, str] = {}
    for each in known:
        lowered.setdefault(each.lower(), each)
    found = get_close_matches(word.lower(), lowered, n=1, cutoff=cutoff)
    return lowered[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """`did you mean 'train'?`, or `otherwise` when nothing is near."""
    guess = nearest(word, known)
    return f"did you mean {guess!r}?" if guess else otherwise
