"""An independent reading of SQL text that was passed: by its tokens, and by sqlglot's own Spark dialect.

Neither `engine.spark.text` nor its strict dialect is used. Both readings are coarse; each finds a class of
gaps by itself: a comment or a second statement that is sent, a call of what reaches beyond the data, a hidden
column, a table that is no view, in whatever scope.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp

from engine.spark.text import known_functions
from tests.hostile.roles import HARMFUL, SCHEMA_PLACES, words

_TOKEN = re.compile(
    r"""(?xs)
      (?P<string> [rR]'[^']*' | [rR]"[^"]*" | '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" )
    | (?P<quoted> `(?:[^`]|``)*` )
    | (?P<comment> -- | /\* )
    | (?P<word> [A-Za-z0-9_]+ )
    | (?P<blank> [ \t\r\n]+ )
    | (?P<pipe> \|> )
    | (?P<sign> [-+*/%&|^~<>=!(),.\[\]?:] )
    | (?P<other> . )
    """
)
_HIDDEN = re.compile(r"_+metadata|_file|_pos|_spec_id|_partition|_deleted|_row_id|_tmp_metadata_row_index")
_OPENS_QUERY = frozenset({"select", "with", "values"})
# Words that may stand before parentheses and are no functions.
_BEFORE_PARENTHESES = words(
    """
    all and any as between by case cast cube decimal dec distinct div else end escape except exists extract
    filter for from group grouping having ilike in intersect interval is join lateral like limit minus not
    numeric offset on or order over overlay pivot position qualify regexp repeatable rlike rollup select sets
    setminus some substr substring tablesample then time trim try_cast union unpivot using values varchar
    character when where with exclude include nulls asc desc rows range percent partition cross inner left
    right full outer semi anti natural preceding following window sort cluster distribute null true false
    unknown
    """
)
# Words after which an expression or a table begins, so that a name before parentheses is a call.
_BEFORE_CALLS = words(
    """
    select distinct all where and or not by when then else case on having between in like ilike rlike regexp
    div from join lateral view qualify limit offset rows range escape with
    """
)
# Words that open what no expression and no query may hold; quoted, after a dot or after AS they are names.
_OPENS_OTHER = words("into table fetch")
_SERVER = words("current_user session_user current_path current_catalog current_database current_schema")
# Calls in which FROM parts arguments.
_WORDED = frozenset({"extract", "trim", "substring", "substr", "overlay"})
_DIGITS = re.compile(r"\(\s*[0-9a-zA-Z.]+\s*(?:,\s*-?\s*[0-9a-zA-Z.]+\s*)?\)")
_CLAUSE_OF_TYPE = re.compile(r"(?i)\b(?:default|generated)\s+(?:['\"\d(+-]|always\b|current_|null\b|by\b)")


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind in ("word", "sign") else ""

    @property
    def name(self) -> str:
        if self.kind == "quoted":
            return self.text[1:-1].replace("``", "`")
        return self.text if self.kind == "word" else ""


_END = _Token("end", "")


def find_harm(text: str, tables: frozenset[str], *, query: bool) -> str:
    """What a passed expression or query must not hold; "" if nothing is found.

    Args:
        text: what would be sent.
        tables: what it may read.
        query: whether it is a query.
    """
    if "${" in text or re.search("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", text):
        return "a substitution or a control character"
    tokens = [_Token(str(m.lastgroup), m.group()) for m in _TOKEN.finditer(text) if m.lastgroup != "blank"]
    for kind in ("comment", "pipe", "other"):
        if any(token.kind == kind for token in tokens):
            return f"a token of kind {kind}"
    if query and tokens and tokens[0].word not in (*_OPENS_QUERY, "("):
        return "no query"
    return _find_by_tokens(tokens, tables, query) or (_find_by_scope(text, tables) if query else "")


def _find_by_tokens(tokens: list[_Token], tables: frozenset[str], query: bool) -> str:
    defined = _defined(tokens)
    known = {table.lower() for table in tables} | defined
    opened: list[str] = []
    before, before_that = _END, _END
    for index, token in enumerate(tokens):
        after = tokens[index + 1] if index + 1 < len(tokens) else _END
        if token.name and _is_hidden(token.name):
            return "a hidden column"
        if token.name and after.word == "(" and _is_harmful(token) and not _is_new_name(tokens, index, known):
            return f"a call of {token.name}"
        if after.word == "(" and token.name.lower() in SCHEMA_PLACES:
            harm = _schema_harm(tokens, index, SCHEMA_PLACES[token.name.lower()])
            if harm:
                return harm
        if token.word in _OPENS_OTHER and before.word not in (".", ":", "as", "<", ","):
            return f"the word {token.text}"
        if (
            token.name.lower() in _SERVER
            and after.word not in (".", "->")
            and before.kind in ("sign", "end")
            and before.word not in (")", ".", "]", "*", ",", ":")  # :name is a value that the guest gave
        ):
            return f"the server's {token.text}"
        if token.word == "(":
            opened.append(before.name.lower())
            if not query and after.word in _OPENS_QUERY:
                return "a query in an expression"
        elif token.word == ")":
            if not opened:
                return "a parenthesis too many"
            opened.pop()
        elif query and _opens_tables(token, before, before_that, opened) and after.name:
            follows = tokens[index + 2] if index + 2 < len(tokens) else _END
            if follows.word in (".", ":"):
                return f"a table of several parts, {after.text}"
            harmless = (
                follows.word == "(" or after.word in ("lateral", "values") or after.name.lower() in known
            )
            if not harmless:
                return f"a table {after.text}"
        before, before_that = token, before
    return "an open parenthesis" if opened else ""


def _schema_harm(tokens: list[_Token], index: int, place: int) -> str:
    """What is wrong with the argument at `place` of the call at `index`, which is a schema."""
    depth, commas, argument = 0, 0, list[_Token]()
    for token in tokens[index + 1 :]:
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if depth == 0:
            break
        if token.word == "," and depth == 1:
            commas += 1
        elif commas == place:
            argument.append(token)
    if not argument or argument[0].name.lower() in ("schema_of_json", "schema_of_csv"):
        return ""
    text = argument[0].text
    if len(argument) > 1 or argument[0].kind != "string" or text[0] in "rR" or "\\" in text:
        return "a schema that is not one plain text"
    return find_type_harm(text[1:-1].replace(text[0] * 2, text[0]))


def _is_harmful(token: _Token) -> bool:
    """Whether a call of this name reaches beyond the data, or may: nobody knows it."""
    name = token.name.lower()
    if token.kind == "word" and re.fullmatch(r"[0-9]+([a-z]{0,2}|e[0-9]+[a-z]{0,2})", name):
        return False  # a number, and the names of what it makes
    return name in HARMFUL or (name not in known_functions() and token.word not in _BEFORE_PARENTHESES)


def _is_new_name(tokens: list[_Token], index: int, known: set[str]) -> bool:
    """Whether parentheses follow a name that is given: `(...) AS t(a)`, `v t(a)`, `WITH t(a) AS (...)`."""
    before = tokens[index - 1] if index else _END
    if before.name and before.word not in _BEFORE_CALLS:
        return True
    if before.kind in ("string", "quoted") or before.word in (")", "]", ":") or before.name.lower() in known:
        return True
    end = index + 1
    while end < len(tokens) and tokens[end].word == "(":
        end += 1
    opens = end < len(tokens) and tokens[end].word in _OPENS_QUERY
    follows_definition = before.word == "with" or (before.word == "," and tokens[index - 2].word == ")")
    if opens and (end == index + 2 or follows_definition):
        return True  # WITH t (SELECT ...): arguments are no queries without parentheses of their own
    end = index + 1
    while end < len(tokens) and tokens[end].word != ")":
        end += 1
    rest = [one.word for one in tokens[end + 1 : end + 4]]
    body = rest[1:] if rest[:1] == ["as"] else rest
    return body[:1] == ["("] and body[1:2] in ([word] for word in (*_OPENS_QUERY, "("))


def _opens_tables(token: _Token, before: _Token, before_that: _Token, opened: list[str]) -> bool:
    """Whether a table comes next: FROM that is a clause, or JOIN."""
    if token.word == "join":
        return before.word not in (".", "as") and before.kind != "sign"
    if token.word != "from" or before.word in (".", "as"):
        return False
    if before.word == "distinct" and before_that.word in ("is", "not"):
        return False
    return not (opened and opened[-1] in _WORDED)


def _defined(tokens: list[_Token]) -> set[str]:
    """Names of common table expressions, wherever they can be seen."""
    found = set()
    for index, token in enumerate(tokens):
        if not token.name:
            continue
        end = index + 1
        if [one.word for one in tokens[end : end + 2]] in (["(", word] for word in _OPENS_QUERY):
            found.add(token.name.lower())  # AS may be left out
        if end < len(tokens) and tokens[end].word == "(":
            while end < len(tokens) and tokens[end].word != ")":
                end += 1
            end += 1
        rest = [one.word for one in tokens[end : end + 2]]
        if rest == ["as", "("] or rest[:1] == ["("]:
            found.add(token.name.lower())
    return found


def _find_by_scope(text: str, tables: frozenset[str]) -> str:
    """Ask sqlglot, where it can read the text, which tables are read beside common table expressions."""
    try:
        tree = sqlglot.parse_one(text, read="spark")
    except Exception:  # it fails in many ways on what it cannot read, which says nothing about the text
        return ""
    known = {table.lower() for table in tables}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue  # a call
        if table.db or table.catalog:
            return f"a table of several parts, {table.sql()}"
        if table.name.lower() not in known and not _sees(table, table.name.lower()):
            return f"a table {table.sql()}, as sqlglot reads it"
    return ""


def _sees(node: exp.Expression, name: str) -> bool:
    """Whether a common table expression of this name is visible here: of a query around, and before."""
    child: exp.Expr = node
    parent = node.parent
    while parent is not None:
        for one in parent.expressions if isinstance(parent, exp.With) else ():
            if one is child:
                break
            if one.alias.lower() == name:
                return True
        held = parent.args.get("with_")
        if (
            held is not None
            and held is not child
            and any(one.alias.lower() == name for one in held.expressions)
        ):
            return True
        child, parent = parent, parent.parent
    return False


def hidden_parts(name: str) -> str:
    """What is wrong with the name of a column; "" if nothing is."""
    parts = re.split(r"[.`]", name)
    return "a hidden column" if any(_is_hidden(part) for part in parts) else ""


def _is_hidden(name: str) -> bool:
    """As Java's equalsIgnoreCase would find it: by each letter in capitals, and then in small ones."""
    folded = "".join(letter.upper()[:1].lower()[:1] for letter in name.strip())
    return _HIDDEN.fullmatch(folded) is not None


def find_type_harm(text: str) -> str:
    """What is wrong with a type or schema, as JSON or as DDL; "" if nothing is."""
    if text.lstrip()[:1] in ("{", '"'):
        return _find_json_harm(json.loads(text))
    if "${" in text:
        return "a substitution"
    plain = re.sub(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`|[rR]'[^']*'", " ", text)
    if _CLAUSE_OF_TYPE.search(text) or re.search(r"(?i)\budt\s*<", plain):
        return "a default or a generated column"
    if re.search(r"[^A-Za-z0-9_<>,:\s.-]", _DIGITS.sub("", plain)) or "--" in plain:
        return "more than types"
    names = re.findall(r"`((?:[^`]|``)*)`|([A-Za-z0-9_]+)", text)
    return "a hidden column" if any(_is_hidden(a or b) for a, b in names) else ""


def _find_json_harm(node: Any) -> str:
    if isinstance(node, list):
        return next(filter(None, map(_find_json_harm, node)), "")
    if isinstance(node, dict):
        if node.keys() & {"class", "pyClass", "serializedClass", "sqlType"} or node.get("type") == "udt":
            return "a class"
        if node.get("metadata"):
            return "metadata"
        values = [value for key, value in node.items() if key != "name"]
        return next(filter(None, map(_find_json_harm, values)), "")
    return "a class" if isinstance(node, str) and re.search(r"udt|java|\$", node) else ""
