"""The commands that learn a market from what a company has: reduce, fit, sql, simulate."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizer.cli.files import HtmlOption
from optimizer.cli.interrupts import print_document
from optimizer.cli.options import CaseArgument, JsonOption, console, named, read_folder
from optimizer.errors import Finding, bad_argument

if TYPE_CHECKING:
    from optimizer.learn.reduce import Reduced

TablesArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="TABLES...", parser=named("TABLES"), help="Folders or files: CSV, parquet, JSON, YAML."),
]
StatsOption = Annotated[Path, typer.Option("--out", metavar="STATS", parser=named("--out"), help="Where to save.")]
OthersOption = Annotated[
    str, typer.Option("--others", metavar="PLAN", help="Plan of customers in the log without a subscription.")
]
SampleOption = Annotated[int, typer.Option("--sample", help="Customers a plan and segment whose log is read by hours.")]


def reduce(
    out: StatsOption,
    tables: TablesArgument = None,
    maps: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="NAME|FILE", help="Map of a known export, shipped or your own."),
    ] = None,
    rates: Annotated[
        list[str] | None, typer.Option("--rate", metavar="EUR=1.08", help="usd for one unit of a currency.")
    ] = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Currency of rows that state none.")] = None,
    zone: Annotated[str, typer.Option("--zone", help="Time zone in which days begin.")] = "UTC",
    assume_zone: Annotated[
        str | None, typer.Option("--assume-zone", metavar="ZONE", help="Zone of times that state none.")
    ] = None,
    plans: Annotated[
        list[str] | None, typer.Option("--plan", metavar="OLD=NEW", help="A plan that was renamed.")
    ] = None,
    others: OthersOption = "free",
    sample: SampleOption = 10_000,
    memory: Annotated[float, typer.Option("--memory", metavar="GB", help="Most memory; more is put on disk.")] = 4.0,
    spill: Annotated[
        Path | None, typer.Option("--spill", metavar="DIR", parser=named("--spill"), help="Folder for that.")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option("--results", metavar="DIR", parser=named("--results"), help="What a warehouse gave for learn sql"),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Tables to small statistics without a single customer in them: logs, subscriptions, tests, surveys, prices."""
    from optimizer.io.saving import write_folder_atomic
    from optimizer.learn.cleaning import CleaningOptions
    from optimizer.learn.engine import on_stderr
    from optimizer.learn.reduce import ReduceOptions, reduce_tables
    from optimizer.learn.stats import stats_files

    read_folder(out)
    cleaning = CleaningOptions(
        zone=_zone("--zone", zone),
        assume_zone=None if assume_zone is None else _zone("--assume-zone", assume_zone),
        currency=None if currency is None else currency.strip().upper(),
        rates={k.upper(): _rate(k, v) for k, v in _pairs("--rate", rates).items()},
        renamed={k.lower(): v.lower() for k, v in _pairs("--plan", plans).items()},
    )
    options = ReduceOptions(cleaning, tuple(maps or ()), others, sample, memory, spill, results)
    reduced = reduce_tables(tables or (), options, on_stderr)
    write_folder_atomic(out, stats_files(reduced.stats))
    if json:
        print_document(_document(reduced, out))
    else:
        _show(reduced, out)


def _zone(option: str, name: str) -> str:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, zoneinfo.ZoneInfoNotFoundError, OSError):
        raise bad_argument(option, f"there is no time zone {name!r}", "give e.g. Europe/Berlin or UTC") from None
    return name


def _pairs(option: str, given: list[str] | None) -> Mapping[str, str]:
    """What is given as NAME=VALUE."""
    found: dict[str, str] = {}
    for text in given or ():
        name, sign, value = (part.strip() for part in text.partition("="))
        if not (name and sign and value):
            raise bad_argument(option, f"{text!r} is not NAME=VALUE", "write e.g. --rate EUR=1.08")
        if name in found:
            raise bad_argument(option, f"{name!r} is given twice", "keep one of the two")
        found[name] = value
    return found


def _rate(name: str, text: str) -> float:
    from optimizer.io.numbers_csv import parse_number

    number = parse_number(text)
    if number is None:
        raise bad_argument("--rate", f"the rate of {name} is {text!r}", "write e.g. --rate EUR=1.08")
    return number


def _document(reduced: Reduced, out: Path) -> str:
    from dataclasses import asdict

    from optimizer.io.plain import dumps

    body = {"schema_version": 1, "status": "ok", "verdict": None, "exit_code": 0, "stats": str(out)}
    files = [asdict(count) for count in reduced.counts]
    return dumps({**body, "files": files, "findings": [f.document() for f in reduced.findings]})


def _show(reduced: Reduced, out: Path) -> None:
    for count in reduced.counts:
        used = count.rows - sum(count.left_out.values())
        print(f"{count.table:14} {used:>14,} of {count.rows:,} rows of {count.file}")
    _tell(reduced.findings)
    print(f"saved to {out}", file=sys.stderr)


def _tell(findings: tuple[Finding, ...]) -> None:
    from optimizer.report.words import printable

    for finding in findings:
        print(printable(f"warning: {finding}"), file=sys.stderr)


def fit(
    case: CaseArgument,
    stats: Annotated[
        Path, typer.Argument(metavar="STATS", parser=named("STATS"), help="The folder that learn reduce made.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", parser=named("--out"), help="Folder of the learned market.")
    ],
    draws: Annotated[int, typer.Option("--draws", help="Draws of the market, for optimizer robust.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Of the draws.")] = 1,
    sampled: Annotated[
        float, typer.Option("--sampled", metavar="SHARE", help="Share of all customers that the tables hold.")
    ] = 1.0,
    discrepancy: Annotated[
        float, typer.Option("--discrepancy", help="What the market's form may be off, relative.")
    ] = 0.03,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="TABLE", help="Left out: accounts, 'price test', ...")
    ] = None,
    worlds: Annotated[int, typer.Option("--worlds", help="Draws in which the case is solved; 0: not at all.")] = 5,
    html: HtmlOption = None,
    json: JsonOption = False,
) -> None:
    """A case's market learned from statistics: a folder with case, market and draws; what was learned and what not."""
    from optimizer.learn.engine import on_stderr
    from optimizer.learn.market import FitOptions, learn_market
    from optimizer.learn.results import learned_document

    read_folder(stats)
    write_page = None if html is None else _page_writer()
    learned = learn_market(
        stats, case, FitOptions(draws, seed, sampled, discrepancy, tuple(without or ()), worlds, out), on_stderr
    )
    if write_page is not None and html is not None:
        write_page(html, learned)
    if json:
        from optimizer.io.plain import dumps

        print_document(dumps({"schema_version": 1, "status": "ok", "verdict": None, "exit_code": 0, "out": str(out),
                              **learned_document(learned)}))  # fmt: skip
    else:
        from optimizer.report.learning import learned_page

        console().print(learned_page(learned))
        print(f"saved to {learned.saved}", file=sys.stderr)


def _page_writer() -> Callable[..., object]:
    """What writes the page. Raises InputError where its packages are not installed."""
    try:
        import optimizer.report.html  # noqa: F401
    except ModuleNotFoundError as error:
        cure = "pip install 'pricing-strategy-optimizer[report]'"
        raise bad_argument("--html", f"the report needs the package {error.name}", cure) from None
    from optimizer.report.learning import write_learned_report

    return write_learned_report


def sql(
    dialect: Annotated[
        str, typer.Option("--dialect", metavar="NAME", help="bigquery, databricks, postgres, redshift, snowflake, ...")
    ],
    others: OthersOption = "free",
    sample: SampleOption = 10_000,
    hours: Annotated[int, typer.Option("--spell-hours", help="Hours of the shortest window: 3 or 5.")] = 5,
) -> None:
    """The queries of reduce as a script for a warehouse, where the log is too large to be moved."""
    from optimizer.learn.queries import script
    from optimizer.learn.reduce import LEAST

    if hours not in (3, 5):
        raise bad_argument("--spell-hours", f"{hours} is neither 3 nor 5", "give 3 or 5")
    sys.stdout.write(script(dialect, sample, others.strip().lower(), LEAST, hours))


def simulate(
    case: CaseArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", parser=named("--out"), help="Where to put the tables.")],
    customers: Annotated[int, typer.Option("--customers", help="Customers on the first day.")] = 8000,
    days: Annotated[int, typer.Option("--days", help="Days that the tables cover.")] = 90,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same company.")] = 0,
    visitors: Annotated[int, typer.Option("--visitors", help="Visitors an arm of its tests; 0: no tests.")] = 8000,
    asked: Annotated[int, typer.Option("--asked", help="People of each segment who answer surveys; 0: none.")] = 0,
    ledger: Annotated[bool, typer.Option("--ledger", help="Its own costs are among the tables.")] = False,
    json: JsonOption = False,
) -> None:
    """Tables of a company that does not exist, from a truth drawn within low and high; truth.csv goes beside them."""
    from optimizer.io.plain import dumps
    from optimizer.io.saving import write_atomic, write_folder_atomic
    from optimizer.learn.simulate import simulate as simulated
    from optimizer.learn.simulate import table_files_of, truth_text

    read_folder(out)
    made = simulated(case, customers, days, seed, visitors, asked, ledger)
    write_folder_atomic(out, table_files_of(made))
    beside = Path(out).absolute().parent / "truth.csv"
    write_atomic(beside, truth_text(made))
    if json:
        print_document(dumps({"tables": str(out), "truth": str(beside)}))
    else:
        for name, columns in made.tables.items():
            print(f"{name:14} {len(next(iter(columns.values()))):>12,} rows")
        share = next(t.value for t in made.truth if t.path == "simulated.scale")
        print(f"saved to {out}; the truth to {beside}", file=sys.stderr)
        print(f"they hold this share of all customers: learn fit --sampled {share:.6g}", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add the group of commands to the command line."""
    group = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="A market from what a company has.")
    group.command()(reduce)
    group.command()(fit)
    group.command()(sql)
    group.command()(simulate)
    app.add_typer(group, name="learn")
