#!/usr/bin/env python3
"""Writes a case file of random pipelines: random tables, random functions in random order, random expressions over their columns.

    python tests/spark/generate.py --seed 1 --count 100 DIRECTORY     # writes DIRECTORY/cases/seed-1.json

The same seed gives the same bytes. The types of columns are followed, so that most pipelines are valid; a few fail in Spark, since failing has to
agree, too. Needs nothing but Python. `expressions.txt` beside this file is the grammar of the expressions.
"""

import argparse
import json
import random
import re
from dataclasses import dataclass, replace
from pathlib import Path

GRAMMAR = Path(__file__).parent / "expressions.txt"

INTEGERS = ["byte", "short", "int", "long"]
NUMBERS = [*INTEGERS, "float", "double", "dec"]
SIMPLE = [*NUMBERS, "str", "bool", "date", "ts", "ntz"]
DECIMALS = ["decimal(10,2)", "decimal(5,0)", "decimal(18,6)", "decimal(38,10)", "decimal(38,0)", "decimal(20,20)"]
NESTED = {
    "ints": {"type": "array", "elementType": "integer", "containsNull": True},
    "strs": {"type": "array", "elementType": "string", "containsNull": True},
    "dbls": {"type": "array", "elementType": "double", "containsNull": True},
    "map": {"type": "map", "keyType": "string", "valueType": "integer", "valueContainsNull": True},
    "struct": {
        "type": "struct",
        "fields": [
            {"name": "a", "type": "integer", "nullable": True, "metadata": {}},
            {"name": "B", "type": "string", "nullable": True, "metadata": {}},
        ],
    },
}
SPARK_NAMES = {"int": "integer", "str": "string", "bool": "boolean", "ts": "timestamp", "ntz": "timestamp_ntz", "bin": "binary"}
SPARK_NAMES |= {"number": "string", "day": "string"}

# Values of every kind: harmless ones, and those at the edges.
TAME = {
    "byte": ["0", "1", "-3", "7"],
    "short": ["0", "1", "-30", "25"],
    "int": ["0", "1", "-1", "7", "42", "-13", "100", "3", "5"],
    "long": ["0", "1", "-1", "77", "1000000", "-123456", "42"],
    "float": ["0.0", "1.5", "-2.25", "100.125", "0.1"],
    "double": ["0.0", "1.0", "-0.5", "2.5", "3.5", "-1234.5678", "0.1", "0.3", "99.99", "7.0"],
    "str": ["", " ", "a", "b", "Hello World", " padded ", "é", "ß", "日本", "😀x", "a,b", 'q"q', "A_b%c", "tab\tx", "Ünï", "aaa", "b-c_d", "ab\u0301"],
    "bool": ["true", "false"],
    "date": ["2024-01-31", "2024-02-29", "1970-01-01", "1969-12-31", "2023-12-31", "2000-03-01", "2024-12-30"],
    "ts": ["2024-02-29T13:45:06.789Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z", "2000-12-31T00:00:00.000001Z", "2024-07-15T12:00:00Z"],
    "number": ["12", "-3", "7", "0", "100", " 5 "],
    "day": ["2024-01-15", "1999-12-31", "2020-02-29"],
    "bin": ["YWJj", "", "AP8=", "w6k="],
}
WILD = {
    "byte": ["127", "-128"],
    "short": ["32767", "-32768"],
    "int": ["2147483647", "-2147483648"],
    "long": ["9223372036854775807", "-9223372036854775808", "9007199254740993"],
    "float": ["NaN", "Infinity", "-Infinity", "-0.0", "3.4028235E38", "16777216"],
    "double": ["NaN", "Infinity", "-Infinity", "-0.0", "1.7976931348623157E308", "1e-300", "1e15", "123456789012345680.0"],
    "str": ["NULL", "null", "\\", "\\n", "true", "1e3", "12.5", "\u00a0x", "x" * 40, "2024-02-30", "İ", "ﬁ", "-0", "\u200b"],
    "bool": ["true", "false"],
    "date": ["0001-01-01", "9999-12-31", "1582-10-04", "1582-10-15", "1900-02-28"],
    "ts": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1582-10-15T00:00:00Z", "1900-01-01T00:00:00.123456Z"],
    "number": ["", "x", "1.5", "99999999999", "1e2"],
    "day": ["", "2024-02-30", "x", "2024-1-5"],
    "bin": ["//79", "AAAA"],
}


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    wild: bool = False
    unique: bool = False


@dataclass(frozen=True)
class Table:
    columns: list
    source: dict


class Values:
    """Random values as the text of a json or csv file."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def simple(self, kind: str, wild: bool, declared: str) -> str | None:
        if self.rng.random() < 0.15:
            return None
        if kind == "dec":
            return self.decimal(declared, wild)
        base = "ts" if kind == "ntz" else kind
        pool = WILD[base] if wild and self.rng.random() < 0.5 else TAME[base]
        text = self.rng.choice(pool)
        return text.removesuffix("Z") if kind == "ntz" else text

    def decimal(self, declared: str, wild: bool) -> str:
        precision, scale = map(int, re.findall(r"\d+", declared))
        whole = precision - scale
        if wild and self.rng.random() < 0.5:
            digits = "9" * precision
        else:
            digits = str(self.rng.choice([0, 1, 5, 25, 105, 12345, 99999, 10**scale]))[-precision:]
        sign = self.rng.choice(["", "", "-"])
        digits = digits.rjust(scale + 1, "0")
        text = f"{digits[: len(digits) - scale]}.{digits[len(digits) - scale :]}" if scale else digits
        return sign + (text if whole or not text.startswith("0.") else text)

    def nested(self, kind: str) -> object:
        if self.rng.random() < 0.15:
            return None
        if kind == "map":
            return {key: self.number("int") for key in self.rng.sample(["k", "j", "", "é"], self.rng.randint(0, 3))}
        if kind == "struct":
            return {"a": self.number("int"), "B": self.simple("str", False, "")}
        element = {"ints": "int", "strs": "str", "dbls": "double"}[kind]
        make = (lambda: self.simple("str", False, "")) if element == "str" else (lambda: self.number(element))
        return [make() for _ in range(self.rng.randint(0, 4))]

    def number(self, kind: str) -> object:
        text = self.simple(kind, False, "")
        return None if text is None else Raw(text)


class Raw(float):
    """A number that json shows as it was written."""

    def __new__(cls, text: str) -> "Raw":
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text


def json_text(kind: str, value: object) -> str:
    if isinstance(value, str) and kind in [*NUMBERS, "bool"] and value not in ("NaN", "Infinity", "-Infinity"):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{json_text('', v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text("", v) for v in value) + "]"
    return repr(value) if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)


def csv_text(value: str | None) -> str:
    if value is None:
        return ""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if value == "" or re.search(r'[",\\\s]', value) else value


def table(rng: random.Random, prefix: str, nested: bool) -> Table:
    """A table with a unique `id`, keys that other tables have, too, and columns of every kind."""
    columns, declared = [Column(f"{prefix}id", "int", unique=True)], {f"{prefix}id": "integer"}
    keys = {"k": rng.choice(["int", "long"]), "ks": "str", "kd": rng.choice(["double", "float"]), "kday": "date", "kc": "dec"}
    kinds = [(name, kind, name == "kd") for name, kind in keys.items() if rng.random() < 0.8]
    for kind in SIMPLE:
        kinds.append((prefix + kind, kind, False))
        if rng.random() < 0.5:
            kinds.append((f"{prefix}{kind}_x", kind, True))
    kinds += [(prefix + "num", "number", False), (prefix + "txt", "day", False), (prefix + "dec2", "dec", False)]
    if nested:
        kinds += [(prefix + kind, kind, False) for kind in NESTED] + [(prefix + "bin", "bin", False)]
    for name, kind, wild in kinds:
        if kind == "dec":
            declared[name] = rng.choice(DECIMALS[:3] if name == "kc" or not wild else DECIMALS)
        else:
            declared[name] = NESTED.get(kind) or SPARK_NAMES.get(kind, kind)
        columns.append(Column(name, kind, wild))
    values = Values(rng)
    rows = []
    for number in range(rng.choice([0, 1, 8, 10, 12, 14, 16, 18, 20])):
        row = [("int", str(number))]
        for column in columns[1:]:
            kind = column.kind
            if column.name in keys and kind in TAME:
                value = None if rng.random() < 0.15 else rng.choice((WILD if column.wild and rng.random() < 0.3 else TAME)[kind][:4])
            elif kind in NESTED:
                value = values.nested(kind)
            else:
                value = values.simple(kind, column.wild, declared[column.name])
            row.append((kind, value))
        rows.append(row)
    fields = [{"name": c.name, "type": declared[c.name], "nullable": True, "metadata": {}} for c in columns]
    source = {"data_format": "json" if nested else "csv", "schema": {"type": "struct", "fields": fields}, "options": {}}
    if nested:
        lines = ["{" + ",".join(f'"{c.name}":{json_text(*v)}' for c, v in zip(columns, row) if v[1] is not None) + "}" for row in rows]
    else:
        source["options"] = {"header": True}
        lines = [",".join(c.name for c in columns)] + [",".join(csv_text(v) for _, v in row) for row in rows]
    return Table(columns, source | {"text": "".join(line + "\n" for line in lines)})


def grammar() -> dict[str, list[str]]:
    """The productions of each kind."""
    rules: dict[str, list[str]] = {}
    kind = ""
    for line in GRAMMAR.read_text().splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            rules.setdefault(kind, []).append(line.strip())
    return rules


class Expressions:
    """Well-typed expressions over columns.

    A production is text with slots: `{int}` is an expression of that kind, `{int*}` one whose values may be extreme, `{int#}` a literal; `{A}`
    is one kind for a whole production, `{num}` any kind of number, `{any}` any simple kind.
    """

    RULES = grammar()
    SLOT = re.compile(r"\{(\w+)([*#]?)\}")

    def __init__(self, rng: random.Random, columns: list[Column]) -> None:
        self.rng = rng
        self.columns = columns

    def of(self, kind: str, depth: int, wild: bool = False, top: bool = False) -> str:
        leaves = [c for c in self.columns if c.kind == kind and (wild or not c.wild or self.rng.random() < 0.15)]
        rules = self.RULES.get(kind, [])
        if depth <= 0 or not rules or (leaves and not top and self.rng.random() < 0.2):
            if not leaves or self.rng.random() < 0.08:
                return self.literal(kind, wild)
            return self.named(self.rng.choice(leaves).name)
        common = self.RULES["common"] if kind in SIMPLE else []
        rule = self.rng.choice(common if common and self.rng.random() < 0.25 else rules)
        return self.filled(rule, kind, depth - 1)

    def named(self, name: str) -> str:
        style = self.rng.random()
        return name.upper() if style < 0.05 else f"`{name}`" if style < 0.1 else name

    def filled(self, rule: str, kind: str, depth: int) -> str:
        same = self.rng.choice(SIMPLE)

        def fill(slot: re.Match) -> str:
            name, mark = slot.groups()
            name = {"R": kind, "A": same, "num": self.rng.choice(NUMBERS), "any": self.rng.choice(SIMPLE)}.get(name, name)
            if mark == "#":
                return self.literal(name, False)
            text = self.of(name, depth, mark == "*")
            return f"({text})" if re.search(r"[^\w.`']", text) and not re.fullmatch(r"\w+\([^()]*\)|'[^']*'", text) else text

        return self.SLOT.sub(fill, rule)

    def literal(self, kind: str, wild: bool) -> str:
        if kind in NESTED or kind == "bin":
            return {
                "ints": "array(1, 2)",
                "strs": "array('a', 'b')",
                "dbls": "array(1.5D, 2.5D)",
                "map": "map('k', 1)",
                "struct": "named_struct('a', 1, 'B', 'x')",
                "bin": "X'1F'",
            }[kind]
        if self.rng.random() < 0.03:
            spark = {"dec": "decimal(10,2)", "long": "bigint", "byte": "tinyint", "short": "smallint", "number": "string", "day": "string"}
            return f"cast(null AS {spark.get(kind) or SPARK_NAMES.get(kind, kind)})"
        base = "ts" if kind == "ntz" else kind
        if kind == "dec":
            return self.rng.choice(["1.5", "0.01", "2.50", "10BD", "-0.5", "100.0", "3.14159"])
        pool = [v for v in TAME[base] if not (kind in NUMBERS and float(v) == 0)]
        text = self.rng.choice(WILD[base] if wild and self.rng.random() < 0.2 else pool)
        if kind in ("float", "double") and (not re.match(r"-?\d", text) or "E" in text):
            return f"{kind}('{text}')"
        if kind in ("str", "number", "day"):
            return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        if kind in ("date", "ts", "ntz"):
            return {"date": "date", "ts": "timestamp", "ntz": "timestamp_ntz"}[kind] + f"'{text.replace('T', ' ') if kind != 'date' else text}'"
        suffix = {"byte": "Y", "short": "S", "long": "L", "float": "F", "double": "D"}.get(kind, "")
        return "(-9223372036854775807L - 1L)" if text == "-9223372036854775808" else text + suffix


@dataclass(frozen=True)
class State:
    """What is known of a frame: its columns, whether its rows are in the order of the file, whether they were joined with a table."""

    columns: list
    in_order: bool = True
    joined: tuple = ()
    pivoted: bool = False
    total_order: bool = False


SAFE_CASTS = {
    "byte": ["smallint", "int", "bigint", "double", "string", "decimal(10,2)", "boolean"],
    "short": ["int", "bigint", "float", "double", "string", "decimal(5,0)"],
    "int": ["long", "double", "float", "string", "decimal(20,4)", "boolean", "integer"],
    "long": ["double", "string", "decimal(20,0)", "decimal(38,10)", "boolean", "int"],
    "float": ["double", "string", "int", "decimal(20,4)"],
    "double": ["float", "string", "int", "bigint", "decimal(20,4)", "decimal(38,18)", "decimal(10,0)"],
    "dec": ["decimal(38,6)", "string", "double", "int", "decimal(20,1)", "float"],
    "str": ["string", "binary"],
    "number": ["int", "double", "decimal(10,2)", "bigint"],
    "day": ["date", "timestamp"],
    "bool": ["int", "string", "double", "decimal(3,1)"],
    "date": ["timestamp", "string", "timestamp_ntz"],
    "ts": ["date", "string", "timestamp_ntz", "bigint", "double"],
    "ntz": ["date", "string", "timestamp"],
}
KIND_OF_CAST = {"smallint": "short", "bigint": "long", "string": "str", "boolean": "bool", "timestamp": "ts", "timestamp_ntz": "ntz", "integer": "int"}
KIND_OF_CAST |= {"binary": "bin"}
SUMMARIES = {
    "sum": NUMBERS,
    "avg": NUMBERS,
    "mean": NUMBERS,
    "min": SIMPLE,
    "max": SIMPLE,
    "count": [*SIMPLE, *NESTED, "bin"],
    "first": [*SIMPLE, *NESTED],
    "last": [*SIMPLE, *NESTED],
    "stddev": NUMBERS,
    "variance": NUMBERS,
}
MORE_SUMMARIES = SUMMARIES | {
    "collect_list": SIMPLE,
    "bool_and": ["bool"],
    "some": ["bool"],
    "bit_xor": INTEGERS,
    "bit_or": INTEGERS,
    "median": ["int", "long", "double"],
    "stddev_pop": ["double", "int"],
    "var_pop": ["double", "int"],
    "any_value": SIMPLE,
}
IN_ORDER_ONLY = {"first", "last", "any_value", "collect_list"}
# Spark sorts for aggregates of other types, and its sort changes the order of equal keys.
HASHED = {*INTEGERS, "float", "double", "bool", "date", "ts", "ntz"}
KEYS = [kind for kind in SIMPLE if kind not in ("number",)] + ["bin"]


def kind_of_summary(function: str, kind: str) -> str:
    if function == "count":
        return "long"
    if function in ("min", "max", "first", "last", "any_value", "bool_and", "some", "bit_xor", "bit_or"):
        return kind
    if function == "sum":
        return "long" if kind in INTEGERS else "dec" if kind == "dec" else "double"
    if function.startswith("collect"):
        return "list"
    return "dec" if kind == "dec" and function in ("avg", "mean") else "double"


class Pipelines:
    """Random pipelines over the tables of a file."""

    def __init__(self, rng: random.Random, tables: dict[str, Table]) -> None:
        self.rng = rng
        self.tables = tables
        self.fresh = 0

    def case(self, name: str) -> dict:
        start = self.rng.choice(list(self.tables))
        state, functions = State(self.tables[start].columns, joined=(start,)), []
        makers = [self.select, self.drop, self.cast, self.distinct, self.drop_duplicates, self.dropna, self.join, self.group_by]
        makers += [self.aggregate, self.order_by, self.pivot] + [self.with_column] * 10 + [self.filter] * 3
        for _ in range(self.rng.randint(2, 6)):
            made = self.rng.choice(makers)(state)
            if made and not state.pivoted:
                function, arguments, state = made
                functions.append({"function_type": function, "arguments": arguments})
                if function == "dropDuplicates":
                    # Of rows in no order it is not defined which one stays: only the keys can be compared.
                    functions.append({"function_type": "select", "arguments": {"columns": [c.name for c in state.columns]}})
        if not functions:
            return self.case(name)
        data_format = self.data_format(state)
        if data_format == "text":
            text = self.rng.choice([c.name for c in state.columns if c.kind == "str"])
            functions.append({"function_type": "select", "arguments": {"columns": [text]}})
        elif not state.pivoted and len(state.columns) > 8:
            shown = [c.name for c in state.columns if c.unique or c.name.startswith("x")]
            others = [c.name for c in state.columns if c.name not in shown]
            shown += self.rng.sample(others, min(3, len(others)))
            functions.append({"function_type": "select", "arguments": {"columns": shown}})
        options = {"header": True} if data_format == "csv" and self.rng.random() < 0.5 else {}
        return {
            "name": name,
            "from": start,
            "functions": functions,
            "data_format": data_format,
            "options": options,
            "ordered": state.total_order,
        }

    def data_format(self, state: State) -> str:
        kinds = {c.kind for c in state.columns}
        choice = self.rng.random()
        if choice < 0.04 and "str" in kinds and not state.pivoted:
            return "text"
        if choice < 0.25 and kinds <= {*SIMPLE, "number", "day"}:
            return "csv"
        # Names that differ by case alone, or not at all, have no place in parquet; orc does not take everything yet.
        if choice < 0.35 and not state.pivoted:
            return "orc" if kinds <= {*SIMPLE, "number", "day"} - {"dec", "ts", "ntz"} else "parquet"
        return "json"

    def name(self) -> str:
        self.fresh += 1
        return f"x{self.fresh}"

    def sample(self, columns: list, least: int, most: int) -> list:
        return self.rng.sample(columns, min(len(columns), self.rng.randint(least, most)))

    def asked(self, column: Column) -> str:
        return column.name.upper() if self.rng.random() < 0.04 else column.name

    def select(self, state: State):
        chosen = self.sample(state.columns, 1, 8)
        names = [self.asked(c) for c in chosen]
        columns = [replace(c, name=name) for c, name in zip(chosen, names)]
        return "select", {"columns": names}, replace(state, columns=columns)

    def drop(self, state: State):
        dropped = self.sample(state.columns, 1, 3)
        if len(dropped) == len(state.columns):
            return None
        names = [self.asked(c) for c in dropped] + (["nothing"] if self.rng.random() < 0.2 else [])
        return "drop", {"columns": names}, replace(state, columns=[c for c in state.columns if c not in dropped])

    def filter(self, state: State):
        condition = Expressions(self.rng, state.columns).of("bool", self.rng.randint(1, 3), top=True)
        return "filter", {"condition": condition}, state

    def with_column(self, state: State):
        kind = self.rng.choice([*SIMPLE, "str", "dec", "bool", "int", "double", "ints", "strs", "map", "struct"])
        depth = self.rng.randint(1, 4)
        text = Expressions(self.rng, state.columns).of(kind, depth, depth == 1, top=True)
        columns, name = list(state.columns), self.name()
        if columns and self.rng.random() < 0.1:
            replaced = self.rng.choice(columns)
            if not replaced.unique:
                name = replaced.name
        column = Column(name, kind, depth > 1 or kind in NUMBERS)
        known = [c.name.lower() for c in columns]
        if name.lower() in known:
            columns[known.index(name.lower())] = column
        else:
            columns.append(column)
        arguments = {"col_name": name, "col_expr": text}
        if self.rng.random() < 0.1:
            arguments = {"columns": [{"column_name": name, "expression": text}]}
        return "withColumn", arguments, replace(state, columns=columns)

    def cast(self, state: State):
        able = [c for c in state.columns if c.kind in SAFE_CASTS and not c.unique and (not c.wild or self.rng.random() < 0.1)]
        if not able:
            return None
        casts, columns = [], list(state.columns)
        for column in self.sample(able, 1, 3):
            to = self.rng.choice(SAFE_CASTS[column.kind])
            casts.append({"column_name": self.asked(column), "cast_type": to})
            kind = "dec" if to.startswith("dec") else KIND_OF_CAST.get(to, to)
            columns[columns.index(column)] = replace(column, kind=kind)
        return "cast", {"columns": casts}, replace(state, columns=columns)

    def distinct(self, state: State):
        if any(c.kind == "map" for c in state.columns):
            return None
        return "distinct", {}, replace(state, in_order=False, total_order=False)

    def drop_duplicates(self, state: State):
        keys = self.keys(state, 2)
        if not keys or any(c.kind == "map" for c in state.columns):
            return None
        first = [c for c in state.columns if state.in_order and c.kind in HASHED and c not in keys]
        after = replace(state, columns=keys + first, in_order=False, total_order=False)
        return "dropDuplicates", {"columns": [self.asked(c) for c in keys]}, after

    def dropna(self, state: State):
        subset = [c.name for c in self.sample(state.columns, 1, 3)] if self.rng.random() < 0.7 else None
        arguments = {"how": self.rng.choice(["any", "all"]), "subset": subset}
        if self.rng.random() < 0.5:
            arguments |= {"thresh": self.rng.choice([None, 1, 2, 5])}
        return "dropna", arguments, state

    def join(self, state: State):
        others = [name for name in self.tables if name not in state.joined]
        if not others:
            return None
        other = self.rng.choice(others)
        right = self.tables[other].columns
        of_name = {c.name.lower(): c for c in right}
        both = [c for c in state.columns if c.name.lower() in of_name]
        hows = ["inner", "full", "left", "right", "leftsemi", "leftanti", "left_outer", "fullouter", "outer", "semi", "anti", "rightouter", "cross"]
        how = self.rng.choice(hows)
        keys = self.sample(both, 1, 2)
        if any(c.kind != of_name[c.name.lower()].kind and not {c.kind, of_name[c.name.lower()].kind} <= set(NUMBERS) for c in both):
            return None
        if not keys:
            return None
        only_left = how in ("leftsemi", "leftanti", "semi", "anti")
        rest = [c for c in both if c not in keys]
        state_columns = state.columns
        names = [c.name for c in keys]
        if rest and not only_left:
            if len(both) > 3:
                return None
            names = [c.name for c in both]
        columns = [replace(c, unique=only_left and c.unique) for c in state_columns]
        if not only_left:
            columns += [replace(c, unique=False) for c in right if c.name.lower() not in [n.lower() for n in names]]
        arguments = {"other_upstream_id": other, "on": names[0] if len(names) == 1 and self.rng.random() < 0.5 else names, "how": how}
        return "join", arguments, State(columns, in_order=False, joined=(*state.joined, other))

    def summaries(self, state: State, table: dict, most: int) -> list:
        made = []
        for _ in range(self.rng.randint(1, most)):
            function = self.rng.choice(list(table))
            if function in IN_ORDER_ONLY and not state.in_order:
                function = "count"
            able = [c for c in state.columns if c.kind in table[function] and (function not in ("sum", "avg", "bit_xor") or not c.wild or self.rng.random() < 0.1)]
            if able:
                column = self.rng.choice(able)
                made.append((function, column, Column(self.name(), kind_of_summary(function, column.kind), True)))
        hashed = all(column.kind in HASHED for _, column, _ in made)
        return [entry for entry in made if hashed or entry[0] not in IN_ORDER_ONLY]

    def keys(self, state: State, most: int) -> list:
        return self.sample([c for c in state.columns if c.kind in KEYS], 1, most)

    def group_by(self, state: State):
        keys = self.keys(state, 2)
        made = self.summaries(state, SUMMARIES, 3)
        if not keys or not made:
            return None
        entries = [{"function": f, "input_column": None if f == "count" and self.rng.random() < 0.5 else c.name, "output_column": new.name} for f, c, new in made]
        columns = [replace(k, unique=len(keys) == 1) for k in keys] + [new for _, _, new in made]
        return "groupby", {"group_columns": [k.name for k in keys], "aggregations": entries}, State(columns, in_order=False, joined=tuple(self.tables))

    def aggregate(self, state: State):
        keys = self.keys(state, 2) if self.rng.random() < 0.7 else []
        made = self.summaries(state, MORE_SUMMARIES, 3)
        if not made:
            return None
        entries = [{"column_name": c.name, "function": f, "alias": new.name} for f, c, new in made]
        columns = [replace(k, unique=len(keys) == 1) for k in keys] + [new for _, _, new in made]
        names = [k.name for k in keys] or self.rng.choice([None, []])
        return "aggregate", {"group_by_columns": names, "aggregate_columns": entries}, State(columns, in_order=False, joined=tuple(self.tables))

    def order_by(self, state: State):
        able = [c for c in state.columns if c.kind not in ("map", "list")]
        if not able:
            return None
        chosen = self.sample(able, 1, 2)
        unique = [c for c in able if c.unique and c not in chosen]
        if unique and self.rng.random() < 0.8:
            chosen.append(unique[0])
        total = any(c.unique for c in chosen)
        columns = [{"column_name": self.asked(c), "ascending": self.rng.random() < 0.5} for c in chosen]
        return "orderby", {"columns": columns}, replace(state, in_order=total, total_order=total)

    def pivot(self, state: State):
        keys = [c for c in self.keys(state, 2) if c.kind != "map"]
        able = [c for c in state.columns if c.kind in ("bool", "str", "int", "date", "byte") and c not in keys]
        values = [c for c in state.columns if c.kind in NUMBERS and not c.wild]
        values = [c for c in values if c.kind != "dec"] if state.in_order else values
        if not keys or not able or not values:
            return None
        function = self.rng.choice(["sum", "avg", "max", "min", "count"] + (["first"] if state.in_order else []))
        arguments = {
            "group_by": [k.name for k in keys],
            "pivot_column": self.rng.choice(able).name,
            "values_column": self.rng.choice(values).name,
            "agg_func": function,
        }
        return "pivot", arguments, State(keys, in_order=False, joined=tuple(self.tables), pivoted=True)


def document(seed: int, count: int) -> str:
    rng = random.Random(seed)
    tables = {"a": table(rng, "", True), "b": table(rng, "r", False), "c": table(rng, "s", True)}
    pipelines = Pipelines(rng, tables)
    inputs = ",\n".join(f"    {json.dumps(name)}: {json.dumps(t.source, ensure_ascii=False)}" for name, t in tables.items())
    cases = [json.dumps(pipelines.case(f"{seed}.{number}"), ensure_ascii=False) for number in range(count)]
    listed = ",\n".join(f"    {case}" for case in cases)
    return f'{{\n  "inputs": {{\n{inputs}\n  }},\n  "cases": [\n{listed}\n  ]\n}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    cases = arguments.directory / "cases"
    cases.mkdir(parents=True, exist_ok=True)
    (cases / f"seed-{arguments.seed}.json").write_text(document(arguments.seed, arguments.count))


if __name__ == "__main__":
    main()
