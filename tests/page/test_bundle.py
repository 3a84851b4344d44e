"""ES modules made one script in Python: what stays, what goes, and what is refused."""

from __future__ import annotations

import pytest

from optimizer.page import bundle


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Modules by name, in place of those on disk."""
    found: dict[str, str] = {}
    monkeypatch.setattr(bundle, "asset", found.__getitem__)
    bundle.script.cache_clear()
    return found


def test_a_module_comes_after_what_it_needs(modules: dict[str, str]) -> None:
    modules["a.js"] = 'import { b as c, d } from "./b.js";\nexport const a = c + d;\n'
    modules["b.js"] = "export const b = 1;\nexport function d() { return 2; }\n"
    text = bundle.script("a.js", "made")
    assert text.index("$b=") < text.index("$a=")
    assert "const{b:c,d}=$b;" in text
    assert text.endswith("globalThis.made=$a;\n")
    assert "import" not in text and "export" not in text


def test_the_same_files_give_the_same_text() -> None:
    bundle.script.cache_clear()
    first = bundle.script()
    bundle.script.cache_clear()
    assert bundle.script() == first


def test_strings_templates_and_patterns_keep_their_spaces() -> None:
    code = 'const a = "x // y : z"; // gone\nconst b = `p : ${c ? `q , r` : "s ; t"} ; u`;\n'
    code += "const d = x.match(/a : [/ ] b/);\n"
    short = bundle.shortened(code)
    assert '"x // y : z"' in short and "gone" not in short
    assert '`p : ${c ? `q , r` : "s ; t"} ; u`' in short
    assert "/a : [/ ] b/" in short
    assert bundle.shortened("  if (a) {\n    b = c / d;\n  }\n") == "if(a){\nb=c/d;\n}\n"


@pytest.mark.parametrize(
    "text", ["export default 1;\n", 'import a from "./b.js";\n', "const a = '</script>';\n", "export { a };\n"]
)
def test_what_cannot_be_bundled_is_refused(modules: dict[str, str], text: str) -> None:
    modules["a.js"] = text
    with pytest.raises(ValueError, match=r"a\.js"):
        bundle.script("a.js")


def test_a_circle_is_refused(modules: dict[str, str]) -> None:
    modules |= {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"a\.js -> b\.js -> a\.js"):
        bundle.script("a.js")


def test_the_hash_is_what_a_policy_wants() -> None:
    # echo -n 'alert(1)' | openssl dgst -sha256 -binary | base64
    assert bundle.hashed("alert(1)") == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"


def test_modules_of_a_folder_stand_beside_each_other(modules: dict[str, str]) -> None:
    modules["a.js"] = "export const a = 1;\n"
    modules["in/b.js"] = 'import { a } from "../a.js";\nexport const b = a;\n'
    modules["in/c.js"] = 'import { b } from "./b.js";\nimport { a } from "../a.js";\nexport const c = a + b;\n'
    text = bundle.script("in/c.js", "made")
    assert text.count("const a=1") == 1 and "const{b}=$in_b;" in text
    assert text.index("$a=") < text.index("$in_b=") < text.index("$in_c=")
