#!/usr/bin/env python3
"""Records what Spark makes of the workflows in `examples/`: `python tests/examples/record_examples.py`, with PySpark 4, Java 17 and PyYAML.

Each example has a file in `recorded/`, and in it for each of its loads the schema and the lines of the part files (sorted, unless the rows were put
in order last). The workflows run on a copy, so that nothing is written here.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
sys.path.append(str(HERE.parent / "spark"))

import yaml  # noqa: E402
from pyspark.sql import DataFrame, SparkSession  # noqa: E402
from pyspark.sql.types import StructType  # noqa: E402
from record import FUNCTIONS, options, session  # noqa: E402


def workflows() -> dict[str, Path]:
    return {path.parent.name: path for path in sorted(EXAMPLES.glob("*/job.*"))}


def parsed(path: Path) -> dict:
    text = path.read_text()
    if path.suffix == ".yaml":
        return yaml.safe_load(text)
    # In these files `//` begins a comment where it begins a line or stands after a space.
    without_comments = re.sub(r"(^|(?<=\s))//.*", "", text, flags=re.MULTILINE)
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", without_comments))


def resolved(location: str) -> str:
    """Every variable has its default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", location)


def read(spark: SparkSession, extract: dict) -> DataFrame:
    reader = spark.read.format(extract["data_format"]).options(**options(extract.get("options", {})))
    schema = StructType.fromJson(json.loads(Path(extract["schema"]).read_text()))
    return reader.schema(schema).load(resolved(extract["location"]))


def written(df: DataFrame, load: dict, ordered: bool) -> dict:
    output = Path(load["location"])
    writer = df.write.options(**options(load.get("options", {}))).mode(load["mode"])
    writer.format(load["data_format"]).save(str(output))
    text = "".join(part.read_text() for part in sorted(output.glob("part-*")))
    lines = text.splitlines()
    return {"ordered": ordered, "schema": df.schema.jsonValue(), "lines": lines if ordered else sorted(lines)}


def run(spark: SparkSession, job: dict) -> dict[str, dict]:
    frames = {extract["id"]: read(spark, extract) for extract in job["extracts"]}
    ordered = set()
    for transform in job["transforms"]:
        df, name = frames[transform["upstream_id"]], ""
        for function in transform["functions"]:
            name = function["function_type"].lower()
            df = FUNCTIONS[name](df, function["arguments"], frames)
        frames[transform["id"]] = df
        if name == "orderby":
            ordered.add(transform["id"])
    return {
        load["id"]: written(frames[load["upstream_id"]], load, load["upstream_id"] in ordered) for load in job["loads"]
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(EXAMPLES, Path(directory) / "examples")
        # Spark stays in the directory that it begins in.
        os.chdir(directory)
        spark = session()
        for name, path in workflows().items():
            loads = {}
            for job in parsed(path)["workflow"]["jobs"]:
                loads |= run(spark, job)
            (HERE / "recorded" / f"{name}.json").write_text(json.dumps(loads, indent=2, ensure_ascii=False) + "\n")
        spark.stop()


if __name__ == "__main__":
    main()
