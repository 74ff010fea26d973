"""Names of months in several languages: which month a word is, and how the data would write one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

# Of each language the usual short names, the full names, and further short ones (month=name).
_LANGUAGES = (
    (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "january february march april may june july august september october november december",
        "9=sept",
    ),
    (
        "jan feb mär apr mai jun jul aug sep okt nov dez",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "1=jän 1=jänner 3=mrz 9=sept",
    ),
    (
        "janv févr mars avr mai juin juil août sept oct nov déc",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "1=jan 2=fév 3=mar 6=jun 7=jul 8=aou 9=sep",
    ),
    (
        "ene feb mar abr may jun jul ago sep oct nov dic",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "9=sept 9=set",
    ),
    (
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
        " dicembre",
        "",
    ),
    (
        "jan fev mar abr mai jun jul ago set out nov dez",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "",
    ),
    (
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "9=sept",
    ),
)


def _key(word: str) -> str:
    """A word without case, accents and a full stop at its end."""
    plain = unicodedata.normalize("NFKD", word.casefold().rstrip("."))
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def _lists() -> list[tuple[tuple[str, ...], dict[str, int]]]:
    """The twelve names of each list, the short ones first, and the month of every name."""
    lists = []
    for short, full, further in _LANGUAGES:
        others = [item.partition("=") for item in further.split()]
        for names in (short.split(), full.split()):
            months = {_key(name): month for month, name in enumerate(names, 1)}
            months |= {_key(name): int(month) for month, _, name in others}
            lists.append((tuple(names), months))
    return lists


_LISTS = _lists()
MONTHS = {name: month for _, months in reversed(_LISTS) for name, month in months.items()}


def month_of(word: str) -> int | None:
    """The number of the month that a word names, in any of the languages; None: it names none."""
    return MONTHS.get(_key(word))


def names_as_written(words: Iterable[str]) -> tuple[str, ...]:
    """Twelve names in the language and spelling of some words that all name months.

    The months that occur are named as they are, the others as their list names them.
    """
    seen = {word: month for word in words if (month := month_of(word)) is not None}
    keys = {_key(word) for word in seen}

    def distance(item: tuple[tuple[str, ...], dict[str, int]]) -> tuple[int, int]:
        return len(keys - item[1].keys()), len(keys - {_key(name) for name in item[0]})

    names, _ = min(_LISTS, key=distance)
    example = next(iter(seen), "Jan")
    stop = "." if example.endswith(".") else ""
    written = [_in_case_of(example, name) + stop for name in names]
    for word, month in sorted(seen.items(), reverse=True):
        written[month - 1] = word
    return tuple(written)


def _in_case_of(example: str, name: str) -> str:
    if example.isupper():
        return name.upper()
    return name.capitalize() if example[:1].isupper() else name
