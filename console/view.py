"""How the user likes the table, remembered from one session to the next."""

from __future__ import annotations

from pathlib import Path

import pydantic

from console.columns import column_by_id

__all__ = ["View", "ViewFile"]


class View(pydantic.BaseModel):
    """The table's columns by id, the most important first (`None`: the usual ones), and its order."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    columns: tuple[str, ...] | None = None
    sort: str | None = None
    descending: bool = False
    attention_first: bool = False

    @pydantic.field_validator("columns")
    @classmethod
    def _known_once(cls, columns: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for column_id in columns or ():
            _check(column_id)
        return columns and tuple(dict.fromkeys(columns))

    @pydantic.field_validator("sort")
    @classmethod
    def _known(cls, sort: str | None) -> str | None:
        return sort and _check(sort)


def _check(column_id: str) -> str:
    try:
        column_by_id(column_id)
    except KeyError:
        raise ValueError(f"there is no column {column_id}") from None
    return column_id


class ViewFile:
    """Where it is remembered.

    Parameters
    ----------
    path
        `None` remembers nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> View:
        """Return what was remembered; nothing, or what cannot be read, is the usual view."""
        try:
            return View.model_validate_json(self._path.read_bytes()) if self._path else View()
        except (OSError, pydantic.ValidationError):
            return View()

    def save(self, view: View) -> str | None:
        """Remember a view; return why that could not be done, `None` where it was."""
        if self._path is None:
            return None
        half = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            half.write_text(view.model_dump_json(indent=2))
            half.replace(self._path)
        except OSError as error:
            return f"The columns are not remembered: {error.strerror}."
        return None
