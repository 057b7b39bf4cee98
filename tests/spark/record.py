#!/usr/bin/env python3
"""Records what Spark does with the cases in `cases/`, each file into the file of that name in `recorded/`.

    pip install "pyspark>=4,<5"
    python tests/spark/record.py                # every file
    python tests/spark/record.py types reading  # some files
    python tests/spark/record.py --in DIRECTORY # DIRECTORY/cases into DIRECTORY/recorded

needs PySpark 4 and Java 17. The answers depend on the cases alone: a second run changes nothing. To see the answers of the cases whose name
contains a text, without recording them: `record.py --print pivot`.

An input is a file with a `text` or with `bytes` in hexadecimal, or a directory with `files` of those; one without a `schema` has its types inferred.
With a `location`, that is what is read in the directory, or in the directory of the input that `in` names.

For each case there are the lines of the part files (sorted, unless the case is `ordered`) and the schema as JSON, or, where Spark fails, the
class of its error. The session's time zone is UTC, unless a case has a `time_zone`, or is an expression of `expressions_in` one. `functions.txt` has the names of all functions of Spark; it is written when every file is.
"""

import argparse
import json
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

HERE = Path(__file__).parent
CASES, RECORDED, FILES = HERE / "cases", HERE / "recorded", HERE / "files"

# Formats that are no text: what was written is read again, and shown as json.
TYPED = ["parquet", "orc"]


def cases(document: dict) -> list[dict]:
    """All cases of a file; an expression is a case that shows its value beside the column `id`."""
    known = document.get("known_differences", [])
    listed = document.get("cases", []) + [case for case in known if "name" in case]
    expressions = [(text, None) for text in document.get("expressions", [])]
    expressions += [(text, zone) for zone, texts in document.get("expressions_in", {}).items() for text in texts]
    expressions += [(case["expression"], case.get("time_zone")) for case in known if "expression" in case]
    return listed + [expression_case(text, zone) for text, zone in expressions]


def expression_case(text: str, zone: str | None) -> dict:
    with_column = {"function_type": "withColumn", "arguments": {"col_name": "x", "col_expr": text}}
    select = {"function_type": "select", "arguments": {"columns": ["id", "x"]}}
    case = {"name": text, "from": "typed", "functions": [with_column, select], "data_format": "json"}
    return case if zone is None else case | {"name": f"{text} in {zone}", "time_zone": zone}


def select(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    return df.select(*arguments["columns"])


def drop(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    return df.drop(*arguments["columns"])


def filter_(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    return df.filter(arguments["condition"])


def with_column(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    if "columns" not in arguments:
        return df.withColumn(arguments["col_name"], F.expr(arguments["col_expr"]))
    for column in arguments["columns"]:
        df = df.withColumn(column["column_name"], F.expr(column["expression"]))
    return df


def cast(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    for column in arguments["columns"]:
        name = column["column_name"]
        df = df.withColumn(name, F.col(name).cast(column["cast_type"]))
    return df


def distinct(df: DataFrame, _arguments: dict, _frames: dict) -> DataFrame:
    return df.distinct()


def drop_duplicates(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    return df.dropDuplicates(arguments["columns"] or None)


def dropna(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    return df.dropna(arguments.get("how", "any"), arguments.get("thresh"), arguments.get("subset"))


def join(df: DataFrame, arguments: dict, frames: dict) -> DataFrame:
    other, on = frames[arguments["other_upstream_id"]], arguments.get("on", [])
    if not on:
        return df.crossJoin(other)
    return df.join(other, on, arguments.get("how", "inner"))


def group_by(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    columns = [
        getattr(F, a["function"])(a["input_column"] or F.lit(1)).alias(a["output_column"]) for a in arguments["aggregations"]
    ]
    return df.groupBy(*arguments["group_columns"]).agg(*columns)


def aggregate(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    columns = [F.expr(f"{a['function']}({a['column_name']})").alias(a["alias"]) for a in arguments["aggregate_columns"]]
    return df.groupBy(*arguments.get("group_by_columns") or []).agg(*columns)


def order_by(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    columns = [(F.col(c["column_name"]), c.get("ascending", True)) for c in arguments["columns"]]
    return df.orderBy(*(column.asc() if ascending else column.desc() for column, ascending in columns))


def pivot(df: DataFrame, arguments: dict, _frames: dict) -> DataFrame:
    value = getattr(F, arguments["agg_func"])(arguments["values_column"])
    return df.groupBy(*arguments["group_by"]).pivot(arguments["pivot_column"]).agg(value)


FUNCTIONS = {
    "select": select,
    "drop": drop,
    "filter": filter_,
    "withcolumn": with_column,
    "cast": cast,
    "distinct": distinct,
    "dropduplicates": drop_duplicates,
    "dropna": dropna,
    "join": join,
    "groupby": group_by,
    "aggregate": aggregate,
    "orderby": order_by,
    "pivot": pivot,
}


def option(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def options(values: dict) -> dict[str, str]:
    return {name: option(value) for name, value in values.items()}


def write_input(path: Path, source: dict) -> None:
    """Writes a file with a text or with bytes in hexadecimal, or a directory of such files; for none of them there is nothing."""
    shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)
    if "text" in source:
        path.write_bytes(source["text"].encode())
    elif "bytes" in source:
        path.write_bytes(bytes.fromhex(source["bytes"]))
    elif "files" in source:
        path.mkdir()
        for name, file in source["files"].items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            write_input(path / name, file)


class Recorder:
    def __init__(self, spark: SparkSession, directory: Path) -> None:
        self.spark = spark
        self.directory = directory

    def frames(self, inputs: dict) -> dict[str, DataFrame]:
        return {name: self.read(name, source) for name, source in inputs.items()}

    def read(self, name: str, source: dict) -> DataFrame:
        path = self.place(name, source)
        if "file" not in source and "in" not in source:
            write_input(path, source)
        reader = self.spark.read.format(source["data_format"]).options(**options(source.get("options", {})))
        if source.get("schema") is not None:
            reader = reader.schema(StructType.fromJson(source["schema"]))
        return reader.load("/".join([str(path)] + ([source["location"]] if "location" in source else [])))

    def place(self, name: str, source: dict) -> Path:
        """Where an input's files are."""
        if "file" in source:
            return FILES / source["file"]
        return self.directory / f"{source.get('in', name)}.{source['data_format']}"

    def written(self, df: DataFrame, case: dict) -> list[str]:
        output = self.directory / "output"
        shutil.rmtree(output, ignore_errors=True)
        df.write.options(**options(case.get("options", {}))).format(case["data_format"]).save(str(output))
        if case["data_format"] in TYPED:
            (self.directory / "typed").mkdir(exist_ok=True)
            typed = output.rename(self.directory / "typed" / str(uuid.uuid4()))
            self.spark.read.format(case["data_format"]).load(str(typed)).write.json(str(output))
        text = "".join(part.read_bytes().decode() for part in sorted(output.glob("part-*")))
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        return lines if case.get("ordered") else sorted(lines)

    def answer(self, case: dict, shared: dict[str, DataFrame], inputs: dict) -> dict:
        zone = case.get("time_zone")
        self.spark.conf.set("spark.sql.session.timeZone", zone or "UTC")
        try:
            # A frame keeps the zone in which it was made.
            frames = (self.frames(inputs) if zone else shared) | self.frames(case.get("inputs", {}))
            df = frames[case["from"]]
            for function in case["functions"]:
                df = FUNCTIONS[function["function_type"].lower()](df, function["arguments"], frames)
            return {"schema": df.schema.jsonValue(), "lines": self.written(df, case)}
        except PySparkException as error:
            return {"error": error.getCondition() or type(error).__name__}
        except Py4JJavaError as error:
            return {"error": error.java_exception.getClass().getSimpleName()}


def session() -> SparkSession:
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
    # Each case is planned once, which is a third of its time.
    builder = builder.config("spark.sql.adaptive.enabled", "false")
    builder = builder.config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def answers(recorder: Recorder, file: Path, part_of_name: str) -> str:
    """The answers to a file's cases as JSON, a line each."""
    document = json.loads(file.read_text())
    recorded, shared = {}, recorder.frames(document["inputs"])
    for case in cases(document):
        if part_of_name not in case["name"]:
            continue
        assert case["name"] not in recorded, f"two cases {case['name']}"
        recorded[case["name"]] = recorder.answer(case, shared, document["inputs"])
    entries = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(answer, ensure_ascii=False)}" for name, answer in sorted(recorded.items())
    )
    return f"{{\n{entries}\n}}\n"


def functions(spark: SparkSession) -> str:
    """The names of Spark's functions, a line each."""
    return "".join(f"{row[0]}\n" for row in spark.sql("SHOW FUNCTIONS").collect())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in", dest="directory", type=Path, default=HERE)
    parser.add_argument("--print", dest="printed", help="a part of the names of cases whose answers are shown, not recorded")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    cases, recorded = arguments.directory / "cases", arguments.directory / "recorded"
    recorded.mkdir(exist_ok=True)
    files = [cases / f"{stem}.json" for stem in arguments.files] or sorted(cases.glob("*.json"))
    spark = session()
    with tempfile.TemporaryDirectory() as directory:
        recorder = Recorder(spark, Path(directory))
        if not arguments:
            (HERE / "functions.txt").write_text(functions(spark))
        for file in files:
            text = answers(recorder, file, arguments.printed or "")
            if arguments.printed:
                print(text, end="")
            else:
                (recorded / file.name).write_text(text)
    spark.stop()


if __name__ == "__main__":
    main()
