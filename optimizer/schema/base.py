"""What every schema shares: frozen, strict models and numbers that carry unit and source."""

from __future__ import annotations

import ast
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    model_validator,
)

from optimizer.units import convert, currency_of, parse


class Base(BaseModel):
    """Frozen, extras forbidden, no NaN or infinity, no silent conversions; its validator is built when first used."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Fields are described by the texts below them; reading them from the source is too slow for every start."""
        made = handler(core_schema)
        fields = handler.resolve_ref_schema(made)["properties"]
        for kind in reversed(cls.__mro__):
            if issubclass(kind, Base):
                for name, text in _attribute_texts(kind).items():
                    fields[kind.model_fields[name].alias or name].setdefault("description", text)
        return made


def _attribute_texts(kind: type) -> dict[str, str]:
    """Field -> the text below it in the source of the class."""
    tree = _source(kind.__module__)
    body = next((n.body for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == kind.__name__), [])
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


@cache
def _source(module: str) -> ast.Module:
    """The parsed source of a module; an empty one where the source is not at hand."""
    try:
        return ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return ast.Module([], [])


def _as_float(value: Any) -> Any:
    """Whole numbers may be written without a point; booleans and strings are not numbers."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_tuple(value: Any) -> Any:
    """YAML and JSON have lists; frozen models hold tuples."""
    return tuple(value) if isinstance(value, list) else value


Number = Annotated[float, BeforeValidator(_as_float)]
Names = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


EXACT = 1e-12
"""Rounding of a conversion between units, relative: a number this little beyond the end of its range is at the end."""


def known_exactly(stated: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is stated of a number; where low equals high, both are its value, whatever that was changed to."""
    value, low, high = numbers = tuple(stated.get(key) for key in ("value", "low", "high"))
    known = all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers)
    return {**stated, "low": value, "high": value} if known and low == high else stated


class Quantity(Base):
    """A number with its unit and where it comes from.

    ``low`` and ``high`` are the least and the most it could reasonably be; the value lies between them. Where low
    equals high the number is known exactly: another value moves both along, so that editing it takes one cell.
    """

    value: Number
    """The number, in ``unit``."""
    unit: str
    """Unit of measure, e.g. ``usd/month``, ``million customers``, ``percent``."""
    source: str | None = None
    """Key of the market's ``sources``: where the number was read."""
    assumption: str | None = None
    """Why this number, where nobody published one. Needs ``low`` and ``high``."""
    low: Number | None = None
    """The least it could reasonably be, in ``unit``."""
    high: Number | None = None
    """The most it could reasonably be, in ``unit``."""

    @model_validator(mode="before")
    @classmethod
    def _exact(cls, data: Any) -> Any:
        return known_exactly(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _stated(self) -> Quantity:
        parse(self.unit)
        if not self.source and not self.assumption:
            raise ValueError(
                "neither source nor assumption is given: name the source, or say why the number is assumed"
            )
        if self.assumption and (self.low is None or self.high is None):
            raise ValueError("an assumption needs low and high")
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside low {low:g} to high {high:g}")
        return self

    def to(self, unit: str) -> Quantity:
        """The same quantity in another unit. Raises ValueError where the units disagree."""
        if unit == self.unit:
            return self
        return self.model_copy(
            update={
                "value": convert(self.value, self.unit, unit),
                "unit": unit,
                "low": None if self.low is None else convert(self.low, self.unit, unit),
                "high": None if self.high is None else convert(self.high, self.unit, unit),
            }
        )


def _in(unit: str, low: float = -math.inf, high: float = math.inf) -> Callable[[Quantity, ValidationInfo], Quantity]:
    """Conversion to a field's unit, and its legal range.

    A value outside is refused, and so are a stated low and high; those that a change of the value moved along (the
    context says ``changed``) end where the range ends.
    """

    def within(number: float, changed: bool) -> float:
        nearest = min(max(number, low), high)
        if changed or abs(number - nearest) <= EXACT * max(1.0, abs(nearest)):
            return nearest
        side, end = ("below", low) if number < low else ("above", high)
        raise ValueError(f"{number:g}{'' if unit == '1' else f' {unit}'} is {side} {end:g}")

    def check(quantity: Quantity, info: ValidationInfo) -> Quantity:
        converted, changed = quantity.to(unit), bool((info.context or {}).get("changed"))
        numbers = {"value": converted.value, "low": converted.low, "high": converted.high}
        kept = {k: within(n, changed and k != "value") for k, n in numbers.items() if n is not None}
        same = all(kept[k] == numbers[k] for k in kept)
        return converted if same else converted.model_copy(update=kept)

    return check


def _typed(unit: str, low: float = -math.inf, high: float = math.inf) -> Any:
    return (AfterValidator(_in(unit, low, high)), Field(json_schema_extra={"unit": unit}))


def _local(quantity: Quantity) -> Quantity:
    """A price a month, in usd or in another currency; none below 0."""
    currency = currency_of(quantity.unit)
    if currency is None:
        raise ValueError(f"{quantity.unit!r} is no price a month: use usd/month, or a currency's code, as INR/month")
    found = quantity.to(f"{currency}/month")
    for number in (found.value, found.low, found.high):
        if number is not None and number < 0.0:
            raise ValueError(f"{number:g} {found.unit} is below 0")
    return found


LocalPrice = Annotated[Quantity, AfterValidator(_local)]
"""A price a month in a currency of its own."""
Customers = Annotated[Quantity, *_typed("customers", 0.0)]
Usd = Annotated[Quantity, *_typed("usd", 0.0)]
UsdPerMonth = Annotated[Quantity, *_typed("usd/month", 0.0)]
UsdPerRequest = Annotated[Quantity, *_typed("usd/request", 0.0)]
UsdPerGpuMonth = Annotated[Quantity, *_typed("usd/GPU/month", 0.0)]
UsdPerGpu = Annotated[Quantity, *_typed("usd/GPU", 0.0)]
UsdPerToken = Annotated[Quantity, *_typed("usd/token", 0.0)]
UsdPerGpuHour = Annotated[Quantity, *_typed("usd/GPU-hour", 0.0)]
Fraction = Annotated[Quantity, *_typed("fraction", 0.0, 1.0)]
Positive = Annotated[Quantity, *_typed("1", 0.0)]
Sigma = Annotated[Quantity, *_typed("1", 0.0, 4.0)]
Dissimilarity = Annotated[Quantity, *_typed("1", 1e-3, 1.0)]
Correlation = Annotated[Quantity, *_typed("1", -0.99, 0.99)]
Utility = Annotated[Quantity, *_typed("utility")]
PricePerUsd = Annotated[Quantity, *_typed("utility/usd", 0.0)]
PerMonth = Annotated[Quantity, *_typed("1/month", 0.0)]
PerYear = Annotated[Quantity, *_typed("1/year", 0.0, 1.0)]
RequestsPerMonth = Annotated[Quantity, *_typed("requests/month", 0.0)]
Requests = Annotated[Quantity, *_typed("requests", 0.0)]
UsdPerThousandImpressions = Annotated[Quantity, *_typed("usd/thousand impressions", 0.0)]
UtilityPerImpression = Annotated[Quantity, *_typed("utility/impression", 0.0)]
ImpressionsPerRequest = Annotated[Quantity, *_typed("impressions/request", 0.0)]
TokensPerRequest = Annotated[Quantity, *_typed("tokens/request", 0.0)]
Throughput = Annotated[Quantity, *_typed("tokens/s/GPU", 0.0)]
Hours = Annotated[Quantity, *_typed("hours/month", 0.0)]
Days = Annotated[Quantity, *_typed("days/month", 0.0, 31.0)]
Windows = Annotated[Quantity, *_typed("windows/day", 0.0)]
Gpus = Annotated[Quantity, *_typed("GPU", 0.0)]
