"""Pages of the documentation that are made from the code: equations, cases and markets, data dictionary, Python.

``conf.py`` writes them before the site is built; they are not kept.
"""

from __future__ import annotations

import inspect
import itertools
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import optimizer
from optimizer.io.library import data_folder
from optimizer.report.equations import equation_rows
from optimizer.schema.case import Case
from optimizer.schema.market import Market

GROUPS = {
    "Ask": "solve_case evaluate_case load_case check_case list_cases list_markets list_backtests backtest",
    "Learn": "learn_market",
    "Study": "frontier_case compare_case compare_cases explain_case sensitivity_case robust_case rivals_case",
    "Arrays": "MenuProblem PriceProblem RobustProblem HorizonProblem HorizonLimit RobustHorizonProblem Condition Ratio "
    "Nest Burst",
}
"""Public names by what one does with them; all others are results, inputs and errors."""


def write_reference(folder: Path) -> None:
    """All pages, into a folder."""
    folder.mkdir(exist_ok=True)
    pages = {"equations": equations(), "cases": cases(), "dictionary": dictionary(), "python": python()}
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def equations() -> str:
    """Every equation under the file it lives in, with formula, index, unit and source."""
    lines = [
        "# Equations",
        "",
        "What the model says, one function or component an equation: those of the economics, then those of the program "
        "that HiGHS solves. `optimizer equations` prints the same.",
        "",
    ]
    rows = [(row["part"] if row["part"] == "program" else row["name"].split(".")[0], row) for row in equation_rows()]
    for part, of_part in itertools.groupby(rows, key=lambda pair: pair[0]):
        lines += [f"## {part}", ""]
        for _, row in of_part:
            lines += [f"### {row['name']}", "", "```text", row["text"].replace("```", "'''"), "```", ""]
    return "\n".join(lines)


def cases() -> str:
    """The shipped cases with their questions, by market."""
    found = [(name, optimizer.load_case(name).case) for name in optimizer.list_cases()]
    lines = [
        "# Shipped cases and markets",
        "",
        "`optimizer run NAME` answers one; `optimizer copy NAME FOLDER` makes it yours.",
        "",
    ]
    for market in optimizer.list_markets():
        title = (data_folder() / "models" / market / "README.md").exists()
        lines += [f"## {market}", ""]
        lines += [f"Facts, assumptions and sources: `models/{market}/README.md`.", ""] if title else []
        lines += ["| case | title | question |", "|---|---|---|"]
        lines += [f"| `{name}` | {case.title} | {case.question} |" for name, case in found if case.market == market]
        lines += [""]
    return "\n".join(lines)


def dictionary() -> str:
    """Every field of a case and of a market, from their JSON Schemas."""
    lines = [
        "# Data dictionary",
        "",
        "All fields of the two files. `optimizer schema case` and `optimizer schema market` print them as JSON Schema.",
        "",
    ]
    for title, schema in (("Case", Case.model_json_schema()), ("Market", Market.model_json_schema())):
        lines += [f"## {title}", "", *_fields(schema)]
        for name, part in sorted(schema.get("$defs", {}).items()):
            if "properties" in part:
                lines += [f"### {title}: {name}", "", *_fields(part)]
    return "\n".join(lines)


def _fields(schema: Mapping[str, Any]) -> list[str]:
    required = set(schema.get("required", ()))
    rows = ["| field | type | what it is |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        words = _cell(field.get("description", ""))
        rows.append(f"| `{name}`{'' if name in required else ' (optional)'} | {_cell(_type(field))} | {words} |")
    told = " ".join(schema.get("description", "").split())
    return [told, "", *rows, ""] if told else [*rows, ""]


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(part) for part in field["anyOf"] if part.get("type") != "null"))
    if "enum" in field:
        return ", ".join(str(value) for value in field["enum"])
    if "const" in field:
        return json.dumps(field["const"])
    inside = field.get("items") or field.get("additionalProperties")
    if isinstance(inside, Mapping) and inside:
        return f"{'list' if 'items' in field else 'table'} of {_type(inside)}"
    return str(field.get("type", "any"))


def _cell(text: str) -> str:
    """One line that cannot break a table or be taken for markup."""
    return re.sub(r"([|<>*_])", r"\\\1", " ".join(text.split()))


def python() -> str:
    """The public names, with their docstrings."""
    named = {group: names.split() for group, names in GROUPS.items()}
    public = [name for name in dir(optimizer) if not name.startswith("_")]
    missing = set(itertools.chain(*named.values())) - set(public)
    if missing:
        raise RuntimeError(f"no longer public: {', '.join(sorted(missing))}")
    rest = [name for name in public if name not in set(itertools.chain(*named.values()))]
    named["Results, inputs and errors"] = rest
    lines = ["# From Python", "", "Everything is imported when first used: `import optimizer` is quick.", ""]
    for group, names in named.items():
        lines += [f"## {group}", "", *itertools.chain(*(_documented(names)))]
    return "\n".join(lines)


def _documented(names: Iterable[str]) -> Iterable[list[str]]:
    for name in names:
        kind = "class" if inspect.isclass(getattr(optimizer, name)) else "function"
        yield [f"### {name}", "", "```{eval-rst}", f".. auto{kind}:: optimizer.{name}", "```", ""]
