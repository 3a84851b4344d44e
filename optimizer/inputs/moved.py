"""Numbers of a validated market moved, without going back to its files: what draws and sensitivities do many times."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from optimizer.errors import bad_argument
from optimizer.inputs.load import Inputs
from optimizer.inputs.renamed import new_path
from optimizer.io.documents import Document
from optimizer.schema.base import Quantity
from optimizer.schema.case import Change
from optimizer.schema.market import Market
from optimizer.units import convert


def moved(inputs: Inputs, values: Mapping[str, float], documents: bool = True) -> Inputs:
    """The inputs with numbers of today's market moved, each in the schema's unit, and the case's changes upon them.

    Paths may have old names. ``documents=False`` leaves the documents as they are, for who reads the markets alone.

    Raises:
        InputError: a path that names no number, or a value that its number cannot have.
    """
    values = {new_path(path): value for path, value in values.items()}
    after = {path: _changed(inputs, path, value) for path, value in values.items()}
    market = with_values(inputs.market, values)
    changed = market if inputs.changed is inputs.market else with_values(inputs.changed, after)
    made = replace(inputs, market=market, changed=changed)
    if not documents:
        return made
    document = _written(inputs.market_document, inputs.market, values)
    same = inputs.changed_document is inputs.market_document and changed is market
    other = document if same else _written(inputs.changed_document, inputs.market, after)
    return replace(made, market_document=document, changed_document=other)


def with_values(market: Market, values: Mapping[str, float]) -> Market:
    """The market with some numbers moved; their ranges widen to hold them. Raises InputError."""
    for path in values:
        quantity_at(market, path)
    try:
        found: Market = _moved(market, _tree(values))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise bad_argument(", ".join(values), str(first["msg"])) from None
    return found


def _tree(values: Mapping[str, float]) -> dict[str, Any]:
    """The values by the parts of their paths."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *groups, last = path.split(".")
        node = tree
        for key in groups:
            node = node.setdefault(key, {})
        node[last] = float(value)
    return tree


def quantity_at(market: Market, path: str) -> Quantity:
    """A number of a market; an old name of it will do. Raises InputError."""
    found = _at(market, new_path(path).split("."))
    if not isinstance(found, Quantity):
        raise bad_argument("path", f"no number of the market is at {path!r}")
    return found


def _at(node: Any, path: Sequence[str]) -> Any:
    """What stands at a path; None where there is nothing."""
    for key in path:
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, tuple):
            node = node[int(key)] if key.isdigit() and int(key) < len(node) else None
        else:
            node = getattr(node, key, None) if isinstance(node, BaseModel) else None
    return node


def _moved(node: Any, tree: Any) -> Any:
    """A part of the market with what the tree says, validated where anything changed; the rest is shared."""
    if isinstance(node, Quantity):
        low, high = (None if q is None else choose(q, tree) for q, choose in ((node.low, min), (node.high, max)))
        return _validated(node, {"value": tree, "low": low, "high": high})
    if isinstance(node, BaseModel):
        return _validated(node, {name: _moved(getattr(node, name), below) for name, below in tree.items()})
    if isinstance(node, dict):
        return type(node)({**node, **{key: _moved(node[key], below) for key, below in tree.items()}})
    assert isinstance(node, tuple)
    return type(node)(_moved(item, tree[str(k)]) if str(k) in tree else item for k, item in enumerate(node))


def _validated(node: Any, update: Mapping[str, Any]) -> Any:
    """Parts that are validated already are taken as they are, so only this one's own rules are looked at."""
    return type(node).model_validate({**{name: getattr(node, name) for name in node.model_fields_set}, **update})


def _unit(inputs: Inputs, path: str) -> tuple[str, str]:
    """The unit that the market's files state a number in, and the schema's."""
    stated: Any = inputs.market_document.data
    for key in path.split("."):
        stated = stated[int(key)] if isinstance(stated, list) else stated[key]
    return stated["unit"], quantity_at(inputs.market, path).unit


def _changed(inputs: Inputs, path: str, value: float) -> float:
    """What the changes asked for make of a moved number, in the schema's unit."""
    for changes in (inputs.case.changes, inputs.sets, *inputs.further):
        for pattern, change in changes.items():
            if _names(pattern, path):
                value = _after(change, value, *_unit(inputs, path))
    return value


def _names(pattern: str, path: str) -> bool:
    parts, wanted = path.split("."), new_path(pattern).split(".")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _after(change: Change, value: float, stated: str, unit: str) -> float:
    if change.times is not None:
        return value * change.times
    if change.plus is not None:
        return value + convert(change.plus, stated, unit)
    assert change.to is not None
    return convert(change.to, stated, unit)


def _written(document: Document, market: Market, values: Mapping[str, float]) -> Document:
    """The document with the numbers moved, in its own units; what the document does not state stays away."""
    data = _numbers_written(document.data, market, _tree(values))
    return Document(data, document.lines, document.file, document.files)


def _numbers_written(stated: Any, node: Any, tree: Any) -> Any:
    """A part of the document, beside its part of the market, with what the tree says; the rest is shared."""
    if isinstance(node, Quantity):
        if not isinstance(stated, dict):
            return stated
        number = convert(tree, node.unit, stated["unit"])
        return {**stated, "value": number, **_range(stated, number)}
    if not isinstance(stated, dict):
        return stated
    return {**stated, **{k: _numbers_written(stated[k], _at(node, [k]), t) for k, t in tree.items() if k in stated}}


def _range(stated: Mapping[str, Any], value: float) -> dict[str, float]:
    """Low and high where they are stated, wide enough for the value."""
    pairs = (("low", min), ("high", max))
    return {key: choose(float(stated[key]), value) for key, choose in pairs if stated.get(key) is not None}
