"""ES modules as one script, made in Python alone: each module becomes a function that returns what it exports."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from functools import cache
from importlib.resources import files

IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w/-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export ((?:async )?function\*? |const |class )([\w$]+)", re.MULTILINE)
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?P<template>`)"""
    r"""|(?P<pattern>(?<=[(,=:!&|?{};\[])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*)""",
)
SPACE = re.compile(r"[ \t]*([{}()\[\],;:=<>*?&|!/%])[ \t]*")
FORBIDDEN = ("</script", "<!--", "import(")


def asset(name: str) -> str:
    """A file of the page's assets."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


@cache
def script(entry: str = "app.js", expose: str = "") -> str:
    """A module and all it needs as one script; the same files give the same text.

    ``expose``: name of the global under which what the module exports can be found. Raises ValueError for a module that
    the page cannot hold.
    """
    done: dict[str, str] = {}
    _add(entry, done, ())
    last = f"globalThis.{expose}={_name(entry)};\n" if expose else ""
    return '"use strict";\n' + "".join(done.values()) + last


def _add(name: str, done: dict[str, str], above: tuple[str, ...]) -> None:
    """A module after those that it needs."""
    if name in above:
        raise ValueError(f"{' -> '.join((*above, name))} is a circle of imports")
    if name in done:
        return
    text = asset(name)
    for needed in IMPORT.finditer(text):
        _add(_beside(name, needed[2]), done, (*above, name))
    done[name] = _as_function(name, text)


def _as_function(name: str, text: str) -> str:
    """A module's text as a constant that holds its exports."""
    exported = [found[2] for found in EXPORT.finditer(text)]
    body = IMPORT.sub(lambda found: f"const {{{_renamed(found[1])}}} = {_name(_beside(name, found[2]))};\n", text)
    body = EXPORT.sub(r"\1\2", body)
    if re.search(r"^(import|export) ", body, re.MULTILINE) or any(word in body for word in FORBIDDEN):
        raise ValueError(f"{name}: only named exports of declarations, and imports of them, can be bundled")
    return f"const {_name(name)}=(()=>{{\n{shortened(body)}return{{{','.join(exported)}}};\n}})();\n"


def shortened(code: str) -> str:
    """A module without comments and without the spaces that no reader needs; strings, templates and patterns stay."""
    found, at = [], 0
    while token := TOKEN.search(code, at):
        found.append(_tight(code[at : token.start()]))
        at = _template_end(code, token.end()) if token["template"] else token.end()
        found.append("" if token["comment"] else code[token.start() : at].strip())
    return re.sub(r"\n+", "\n", "".join([*found, _tight(code[at:])])).lstrip()


def _tight(code: str) -> str:
    return SPACE.sub(r"\1", re.sub(r"\n[ \t]+", "\n", re.sub(r"[ \t]+", " ", code)))


def _template_end(code: str, at: int) -> int:
    """Where a template that begins before ``at`` ends; templates may stand within its expressions."""
    while code[at] != "`":
        if code[at] == "\\":
            at += 2
        elif code.startswith("${", at):
            at = _expression_end(code, at + 2)
        else:
            at += 1
    return at + 1


def _expression_end(code: str, at: int) -> int:
    """Where an expression within a template ends."""
    depth = 1
    while depth:
        if code[at] == "`":
            at = _template_end(code, at + 1)
            continue
        if code[at] in "\"'":
            at = code.index(code[at], at + 1)
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        at += 1
    return at


def _renamed(names: str) -> str:
    """``a, b as c`` as a pattern that takes an object apart."""
    return re.sub(r"\s+", " ", re.sub(r"(\w+) as (\w+)", r"\1: \2", names))


def _beside(module: str, address: str) -> str:
    """The module that an import means: addresses count from the folder of the one that imports."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(module), address))


def _name(module: str) -> str:
    return "$" + re.sub(r"\W", "_", module.removesuffix(".js"))


def sri(text: str) -> str:
    """SHA-256 of a text as pages state it: a script with another text is not run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def hashed(text: str) -> str:
    """What a content security policy lets through: a script or a style with this very text."""
    return f"'{sri(text)}'"
