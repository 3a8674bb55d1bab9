"""Create and edit: the parameters of a strategy, and beside them what the engine would quote with them.

No key but one sends anything, and that one says so. What is typed is checked by the model as it is typed; the engine is
asked for the preview once the hand rests. The form stays as it is until the engine has taken it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.worker import WorkType

from console import templates
from console.draft import Draft
from console.formatting import clean
from console.ink import Ink, Line, Span, line
from console.link import Link
from console.operator import Operator
from console.parameters import text_of
from console.screens.dialog import Question
from console.screens.form_fields import FormFields
from console.screens.form_preview import FormPreview, Previewed
from console.screens.form_prompts import AskForFile, ChooseTemplate
from console.store import Store
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled
from zenotc.exceptions import OutcomeUnknownError, ValidationError, ZenOTCError
from zenotc.models.strategy import Strategy

__all__ = ["Form"]

PREVIEW_RESTS_SECONDS = 0.25
"""The hand must have rested so long for the engine to be asked."""

PREVIEW_AGAIN_SECONDS = 2.0
"""The market moves: a preview that is looked at is asked for again."""


class _Notes(Sheet):
    """The parameter with the cursor in a sentence, what the last key came to, and the keys."""

    def __init__(self, write: Callable[[], Sequence[Line]]) -> None:
        super().__init__()
        self._write = write

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return three lines."""
        return self._write()


class _Box(Vertical, Titled):
    """The form's frame; a strategy's name in its title is plain text."""


class _Leave:
    """What is lost when a form is left."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def lines(self) -> Sequence[Line]:
        """Say how much was typed."""
        names = self._draft.changed
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return [line((f"Typed and not sent: {', '.join(names[:3])}{more}.", "plain")), Line()]

    def ask_again(self) -> bool:
        """Return that nothing can have moved."""
        return False


class Form(ModalScreen[str | None]):
    """Creates a strategy, or changes one; answers with its id once the engine has taken it.

    Parameters
    ----------
    store
        What is known of the engine.
    link
        Asks for the preview.
    operator
        Carries out what is sent, and records it among the commands.
    refusal
        Says why nothing may be sent now; given the asset whose market a new strategy would begin to quote, '' for none.
    strategy
        The one that is edited; `None` creates one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", "send"),
        Binding("ctrl+z", "last", "last configuration"),
        Binding("ctrl+t", "template", "template"),
        Binding("ctrl+o", "import", "import"),
        Binding("ctrl+e", "export", "export"),
        Binding("f1", "app.help('form')", "help"),
        Binding("escape", "leave", "leave"),
    ]

    def __init__(
        self,
        store: Store,
        link: Link,
        operator: Operator,
        refusal: Callable[[str], str | None],
        strategy: Strategy | None = None,
    ) -> None:
        super().__init__(classes="form")
        self._refusal = refusal
        self._store, self._link, self._operator, self._strategy = store, link, operator, strategy
        book = store.books.get(strategy.asset) if strategy else None
        self._draft = Draft(strategy, book.lot_size if book else None)
        self._fields = FormFields(self._draft)
        self._preview = FormPreview(self._draft, store)
        self._notes = _Notes(self._write_notes)
        self._answer: Span = ("", "plain")
        self._sending = False
        self._resting: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the fields, the preview beside them, and the notes below."""
        with _Box(classes="pane") as box:
            what = f"Edit {clean(self._strategy.name, 60)}" if self._strategy else "New strategy"
            where = f" on {clean(self._store.engine, 40)}" if self._store.engine else ""
            box.entitle(what + where, _HINT)
            with Horizontal():
                yield self._fields
                yield self._preview
            yield self._notes

    def on_mount(self) -> None:
        """Open on the first field, which sends nothing."""
        self._fields.focus()
        if self._strategy is None and self._store.status is not None and len(self._store.status.assets) == 1:
            self._draft.type("asset", self._store.status.assets[0])
        self.set_interval(PREVIEW_AGAIN_SECONDS, self._ask_for_preview)
        self._ask_for_preview()

    # What is shown ---------------------------------------------------------------------------------------------------

    def _write_notes(self) -> list[Line]:
        parameter = self._fields.parameter
        unit = parameter.unit_in(clean(self._draft.asset, 20))
        default = "" if parameter.required else text_of(self._draft.default(parameter.name)) or "not checked"
        spans: list[Span] = [
            (parameter.name, "strong"), (f"  {parameter.meaning}", "plain"), (f"  {unit}" if unit else "", "muted"),
            (f"  default {default}" if default else "  required", "muted"),
        ]  # fmt: skip
        if parameter.choices:
            spans.append((f"  ← → {' '.join(parameter.choices)}", "muted"))
        keys: list[Span] = []
        for key, label in _KEYS:
            grave = key == "^S"
            keys += [(f" {key} ", "key"), (f"{self._verb if grave else label} ", "strong" if grave else "muted")]
        reason = self._draft.refused.get(parameter.name)
        answer: Span = self._answer if self._answer[0] or not reason else (clean(reason), "alarm")
        return [Line(tuple(spans)), line(answer), Line(tuple(keys))]

    @property
    def _verb(self) -> str:
        return "create" if self._strategy is None else "change"

    def _say(self, sentence: str, ink: Ink = "caution") -> None:
        self._answer = sentence, ink
        self._notes.draw()

    @on(FormFields.Changed)
    def _changed(self, event: FormFields.Changed) -> None:
        if event.typed:
            self._answer = "", "plain"
            self._preview_later()
        self._notes.draw()

    def _preview_later(self) -> None:
        self._preview.current = False
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(PREVIEW_RESTS_SECONDS, self._ask_for_preview)
        self._preview.draw()

    # The preview -----------------------------------------------------------------------------------------------------

    def _ask_for_preview(self) -> None:
        if self._draft.valid and not self._sending and self._store.link == "up":
            look: WorkType[None] = self._look  # one that another takes the place of is never begun
            self.run_worker(look, group="preview", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        parameters = self._draft.to_send()
        parameters.pop("enabled", None)
        strategy_id = self._strategy.id if self._strategy else None
        try:
            answer = Previewed(*await self._link.preview(strategy_id, parameters))
        except ValidationError as error:
            self._draft.refuse(error.fields)
            self._preview.problem = error.message
            self._fields.draw()
        except ZenOTCError as error:
            self._preview.problem = error.message
        else:
            self._preview.previewed, self._preview.problem, self._preview.current = answer, "", True
        self._preview.draw()

    # What keys do ----------------------------------------------------------------------------------------------------

    def action_send(self) -> None:
        """Send it, unless something is wrong with it."""
        draft = self._draft
        reason = self._unsendable(draft)
        if reason is not None:
            wrong = next(iter([*draft.refused, *draft.missing]), None)
            if wrong is not None and wrong in [parameter.name for parameter in draft.parameters]:
                self._fields.go_to(wrong)
            self._say(reason, "alarm")
            return
        self._sending = True
        self._say(f"Sent: waiting for the engine to {self._verb} it …", "accent")
        # A worker of the application: what is on its way is not taken back when the form is closed.
        self.app.run_worker(self._send(), name="form", exit_on_error=False)

    def _unsendable(self, draft: Draft) -> str | None:
        if self._sending:
            return "It is on its way already."
        if draft.missing:
            return f"Still empty: {', '.join(draft.missing)}."
        if draft.refused:
            name, reason = next(iter(draft.refused.items()))
            return f"{name}: {clean(reason)}."
        if self._strategy is not None:
            return self._refusal("") if draft.changed else "Nothing was changed."
        return self._refusal(draft.asset if draft.given().get("enabled") else "")

    async def _send(self) -> None:
        parameters = self._draft.to_send()
        if self._strategy is None:
            answer = await self._operator.create(parameters)
        else:
            answer = await self._operator.update(self._strategy, parameters)
        self._sending = False
        if not self.is_attached:
            return
        if isinstance(answer, Strategy):
            self.dismiss(answer.id)
        elif "strategyId" in answer.details:  # it exists, and could not be started
            self.dismiss(str(answer.details["strategyId"]))
        else:
            self._refused(answer)

    def _refused(self, error: ZenOTCError) -> None:
        if isinstance(error, ValidationError):
            self._draft.refuse(error.fields)
            wrong = next((name for name in self._draft.refused if name in self._draft.texts), None)
            if wrong is not None and wrong in [parameter.name for parameter in self._draft.parameters]:
                self._fields.go_to(wrong)
        unknown = isinstance(error, OutcomeUnknownError)
        what = "Not known whether it was done; look at the strategies before it is sent again" if unknown else "Refused"
        self._say(f"{what}: {clean(error.message)}", "alarm")
        self._fields.draw()
        self._preview.draw()

    def action_last(self) -> None:
        """Bring the last configuration back: the one before the last change, or the last that was created here."""
        if self._strategy is None:
            last: dict[str, Any] = dict(self._operator.last_created)
        else:
            event = self._store.facts.last_change(self._strategy.id)
            changes = event.get("changes") if event else None
            last = {name: change["old"] for name, change in changes.items()} if isinstance(changes, dict) else {}
        if not last:
            self._say("No earlier configuration has been seen by this console.")
            return
        self._take(last, f"The last configuration is back: {', '.join(clean(name, 40) for name in last)}.")

    def _take(self, values: dict[str, Any], sentence: str) -> None:
        self._draft.fill(values)
        self._fields.refill()
        self._preview_later()
        self._say(sentence, "accent")

    def action_template(self) -> None:
        """Choose what to begin from."""
        found, problems = templates.templates()

        def chosen(template: templates.Template | None) -> None:
            if template is not None:
                values = {name: value for name, value in template.values.items() if name not in ("name", "enabled")}
                self._take(values, f"Taken from the template {clean(template.title, 60)}.")

        self.app.push_screen(ChooseTemplate(found, problems), chosen)

    def action_import(self) -> None:
        """Ask for a file and take its configuration."""

        def named(file: str | None) -> None:
            if not file:
                return
            try:
                (template, *others) = templates.read(templates.path_of(file))
            except templates.TemplateError as error:
                self._say(clean(error), "alarm")
                return
            more = f"; {len(others)} more are in it" if others else ""
            values = {name: value for name, value in template.values.items() if name != "enabled"}
            self._take(values, f"Taken from {clean(file, 200)}{more}.")

        self.app.push_screen(AskForFile("Import", str(templates.templates_directory()) + "/"), named)

    def action_export(self) -> None:
        """Ask for a file and write the configuration into it."""
        draft = self._draft

        def named(file: str | None) -> None:
            if not file:
                return
            try:
                templates.export(templates.path_of(file), draft.given())
            except templates.TemplateError as error:
                self._say(clean(error), "alarm")
            else:
                self._say(f"Written to {clean(file, 200)}.", "gain")

        if draft.refused:
            self._say("What is refused is not exported.", "alarm")
            return
        self.app.push_screen(AskForFile("Export", str(templates.file_for(draft.texts["name"]))), named)

    async def action_leave(self) -> None:
        """Close the form; ask where something was typed."""
        if not self._draft.changed or self._sending:
            self.dismiss(None)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.dismiss(None)

        await self.app.push_screen(Question("Leave the form", _Leave(self._draft), "Discard"), answered)


_HINT = "↑ ↓ parameter · ← → choice · F1 help"
_KEYS = (
    ("^S", ""), ("^U", "clear"), ("^Z", "last"), ("^T", "template"), ("^O", "import"),
    ("^E", "export"), ("Esc", "leave"),
)  # fmt: skip
