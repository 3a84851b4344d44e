"""The command line: its verbs by the file they are in, imported when a verb is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group


def _run(app: typer.Typer) -> None:
    from optimizer.cli.run import register

    register(app)


def _answers(app: typer.Typer) -> None:
    from optimizer.cli.answers import register

    register(app)


def _page(app: typer.Typer) -> None:
    from optimizer.cli.page import register

    register(app)


def _inputs(app: typer.Typer) -> None:
    from optimizer.cli.inputs import register

    register(app)


def _dictionary(app: typer.Typer) -> None:
    from optimizer.cli.dictionary import register

    register(app)


def _saved(app: typer.Typer) -> None:
    from optimizer.cli.saved import register

    register(app)


def _draws(app: typer.Typer) -> None:
    from optimizer.cli.draws import register

    register(app)


def _learn(app: typer.Typer) -> None:
    from optimizer.cli.learn import register

    register(app)


def _backtests(app: typer.Typer) -> None:
    from optimizer.cli.backtests import register

    register(app)


def _serve(app: typer.Typer) -> None:
    from optimizer.cli.serve import register

    register(app)


def _warm(app: typer.Typer) -> None:
    from optimizer.cli.warm import register

    register(app)


def _studies(app: typer.Typer) -> None:
    from optimizer.cli.studies import register

    register(app)


Group = Callable[[typer.Typer], None]

GROUPS: dict[Group, tuple[str, ...]] = {
    _run: ("run",),
    _answers: ("evaluate",),
    _page: ("page",),
    _inputs: ("check", "list", "copy"),
    _dictionary: ("schema", "equations"),
    _saved: ("verify",),
    _draws: ("draws",),
    _learn: ("learn",),
    _backtests: ("backtest",),
    _serve: ("serve",),
    _warm: ("warm",),
    _studies: (),
}
"""Verbs by group, in the order of the help; what the studies are is known to their file alone."""


def _unset(flag: Any) -> Any:
    """A flag that is False where it is not given: None is read by pydantic, which is slower to import than typer."""
    if flag is not None:
        flag.default = False
    return flag


class Verbs(TyperGroup):
    """Makes a command when it is asked for, all of them only for the help and for a verb that is in no list."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands:
            self._make([group for group, verbs in GROUPS.items() if cmd_name in verbs] or GROUPS)
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _unset(command.get_help_option(ctx))
        return command

    def list_commands(self, ctx: Any) -> list[str]:
        self._make(GROUPS)
        return super().list_commands(ctx)

    def get_help_option(self, ctx: Any) -> Any:
        return _unset(super().get_help_option(ctx))

    def _make(self, groups: Iterable[Group]) -> None:
        app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
        for add in groups:
            add(app)
        self.commands = get_group(app).commands


app = typer.Typer(
    name="optimizer",
    cls=Verbs,
    help="Choose free-tier limits, prices and the consumer/enterprise mix, proven best.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        from optimizer.versions import own_version

        print(own_version())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Choose free-tier limits, prices and the consumer/enterprise mix, proven best."""
