"""Which lines a pane shows: the language of its filter, and the last filter that made sense.

All terms must hold: `word` is somewhere in the line; `name:value` is in one column, `name:a,b` one of several;
`name:=value`, `name:<0`, `<=`, `>`, `>=` compare; `-term` must not hold; `"two words"` are one. What makes no sense is
refused with the reason.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, Literal, TypeVar

from console.formatting import clean

__all__ = ["Facet", "Filter", "FilterError", "Language", "LiveFilter"]

T = TypeVar("T")
Test = Callable[[T], bool]
Comparison = Callable[[Any, Any], bool]

_TERM = re.compile(r'(?:"[^"]*"|[^\s"])+')
_COMPARED = re.compile(r"(<=|>=|<|>|=)?(.*)", re.DOTALL)
_COMPARISONS: dict[str, Comparison] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq,
}  # fmt: skip


class FilterError(ValueError):
    """A filter that makes no sense: the message says why."""


@dataclass(frozen=True, slots=True)
class Facet(Generic[T]):
    """What a filter can ask for by name.

    Parameters
    ----------
    names
        The name that is shown, and others that are understood.
    read
        Returns it of a line, `None` where there is none.
    kind
        Whether it is compared as text, as a number, or by its place among `levels`.
    levels
        The words that it can be, the least first.
    """

    names: tuple[str, ...]
    read: Callable[[T], object]
    kind: Literal["text", "number", "level"] = "text"
    levels: tuple[str, ...] = ()

    def test(self, sought: str) -> Test[T]:
        """Return what tells whether a line is as sought.

        Raises
        ------
        FilterError
            If that makes no sense.
        """
        sign, rest = _COMPARED.fullmatch(sought).groups()  # type: ignore[union-attr] # it matches anything
        values = [value for value in rest.split(",") if value]
        if not values:
            raise FilterError(f"{self.names[0]}:{sign or ''} what? A value is missing.")
        tests = [self._one(sign, value) for value in values]
        return tests[0] if len(tests) == 1 else lambda line: any(test(line) for test in tests)

    def _one(self, sign: str | None, value: str) -> Test[T]:
        read = self.read
        if self.kind == "number":
            bound, compare = _number(self.names[0], value), _COMPARISONS[sign or "="]
            return lambda line: isinstance(found := read(line), (Decimal, int, float)) and compare(found, bound)
        if self.kind == "level":
            level, compare = self._level(value), _COMPARISONS[sign or "="]
            passing = {name for place, name in enumerate(self.levels) if compare(place, level)}
            return lambda line: read(line) in passing
        if sign == "=":
            return lambda line: str(read(line) or "").casefold() == value
        if sign is not None:
            raise FilterError(f"{self.names[0]} is text: it is neither above nor below anything.")
        return lambda line: value in str(read(line) or "").casefold()

    def _level(self, value: str) -> int:
        if value not in self.levels:
            raise FilterError(f"{self.names[0]} is one of {', '.join(self.levels)}; not “{clean(value, 20)}”.")
        return self.levels.index(value)


def _number(name: str, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise FilterError(f"{name} is a number; “{clean(value, 20)}” is none.")
    return number


class Filter(Generic[T]):
    """Tells whether a line is let through; an empty one lets everything through."""

    def __init__(self, tests: Sequence[tuple[Test[T], bool]], words: Sequence[tuple[str, bool]], text: Any) -> None:
        self._tests, self._words, self._text = tests, words, text

    def __bool__(self) -> bool:
        return bool(self._tests or self._words)

    def __call__(self, line: T) -> bool:
        for test, wanted in self._tests:
            if test(line) is not wanted:
                return False
        if not self._words:
            return True
        text = self._text(line).casefold()
        return all((word in text) is wanted for word, wanted in self._words)


class Language(Generic[T]):
    """What can be asked of one kind of line.

    Parameters
    ----------
    facets
        What can be asked for by name.
    text
        Returns where words are looked for.
    """

    def __init__(self, facets: Iterable[Facet[T]], text: Callable[[T], str]) -> None:
        self._facets = {name: facet for facet in facets for name in facet.names}
        self._text = text

    @property
    def names(self) -> list[str]:
        """The names that are shown, in their order."""
        return list(dict.fromkeys(facet.names[0] for facet in self._facets.values()))

    def compile(self, text: str) -> Filter[T]:
        """Return the filter that a text describes.

        Raises
        ------
        FilterError
            If it makes no sense.
        """
        if text.count('"') % 2:
            raise FilterError('A " is not closed.')
        tests: list[tuple[Test[T], bool]] = []
        words: list[tuple[str, bool]] = []
        for term in _TERM.findall(text.casefold()):
            negated = term[0] == "-"
            asked = term[1:] if negated else term
            name, colon, value = asked.partition(":")
            if not asked.strip('"'):
                raise FilterError(f"“{clean(term, 20)}” what? A word is missing.")
            if not colon or '"' in name:
                words.append((asked.replace('"', ""), not negated))
            elif name in self._facets:
                tests.append((self._facets[name].test(value.replace('"', "")), not negated))
            else:
                raise FilterError(f"“{clean(name, 20)}” is none of {', '.join(self.names)}.")
        return Filter(tests, words, self._text)


class LiveFilter(Generic[T]):
    """A filter while it is typed: what does not make sense puts the last one that was kept in force again.

    Attributes
    ----------
    text, passes
        The filter in force.
    problem
        Why the newest text is not in force, '' where it is.
    """

    def __init__(self, language: Language[T], text: str = "") -> None:
        self._language = language
        self.text, self.problem = text, ""
        self.passes = language.compile(text)
        self.keep()

    def keep(self) -> str:
        """Keep the filter in force; return why the newest text is not."""
        problem, self.problem = self.problem, ""
        self._kept = self.text, self.passes
        return problem

    def set(self, text: str) -> bool:
        """Take another text; return whether another filter is in force."""
        text = " ".join(text.split())
        before, self.problem = self.text, ""
        try:
            self.text, self.passes = text, self._language.compile(text)
        except FilterError as error:
            self.problem = str(error)
            self.text, self.passes = self._kept
        return self.text != before
