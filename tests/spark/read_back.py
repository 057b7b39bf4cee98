#!/usr/bin/env python3
"""Whether Spark reads what Samara wrote as what Spark itself wrote for the same cases.

    SAMARA_SPARK_OUTPUT=/tmp/written cargo test -p samara-gen --test end_to_end spark
    python tests/spark/read_back.py /tmp/written

It wants the directory to exist, and says nothing of a case whose answer is none of rows. Avro is left out, which PySpark does not read by itself.
"""

import json
import sys
import tempfile
from pathlib import Path

from record import CASES, RECORDED, TYPED, cases, session


def main() -> None:
    written = Path(sys.argv[1])
    spark = session()
    compared, differing = 0, 0
    for file in sorted(CASES.glob("*.json")):
        recorded = json.loads((RECORDED / file.name).read_text())
        for case in cases(json.loads(file.read_text())):
            answer, output = recorded[case["name"]], written / case["name"].replace("/", "_")
            if case["data_format"] not in TYPED or "lines" not in answer or "known_difference" in case:
                continue
            with tempfile.TemporaryDirectory() as directory:
                frame = spark.read.format(case["data_format"]).load(str(output))
                frame.write.json(f"{directory}/shown")
                lines = [line for part in Path(directory, "shown").glob("part-*") for line in part.read_text().splitlines()]
            compared += 1
            if frame.schema.jsonValue() != answer["schema"] or sorted(lines) != answer["lines"]:
                differing += 1
                print(case["name"], frame.schema.simpleString(), *sorted(lines), sep="\n  ")
    spark.stop()
    print(f"{compared} outputs read, {differing} differ")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
