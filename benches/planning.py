#!/usr/bin/env python3
"""How the time to check a workflow grows with its size.

    cargo build
    benches/planning.py target/debug/samara

Each row is a kind of workflow in growing sizes: the seconds that `samara validate` takes, less those of an empty workflow, and the
growth when the size doubles (2 is linear, 4 is quadratic). `--limit` ends a kind whose next size would take longer.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time


def chain(term, separator, count):
    return separator.join(term.replace("#", str(at)) for at in range(count))


def function(kind, **arguments):
    return {"function_type": kind, "arguments": arguments}


def with_column(name, expression):
    return function("withColumn", col_name=name, col_expr=expression)


def of_expression(expression):
    return lambda size: ([], [[with_column("r", expression(size))]])


def wide(size):
    names = [f"column_{at}" for at in range(size)]
    return names, [[function("select", columns=names), with_column("r", "v + 1")]]


KINDS = {
    "OR": (of_expression(lambda n: chain("v = 'x#'", " OR ", n)), 10_000),
    "AND over a text": (of_expression(lambda n: chain("v > #", " AND ", n)), 10_000),
    "||": (of_expression(lambda n: chain("v", " || ", n)), 10_000),
    "+": (of_expression(lambda n: chain("n", " + ", n)), 1_000),
    "IN list": (of_expression(lambda n: f"n IN ({chain('#', ', ', n)})"), 10_000),
    "nested calls": (of_expression(lambda n: "upper(" * n + "v" + ")" * n), 900),
    "nested CASE": (of_expression(lambda n: "CASE WHEN n > 5 THEN 1 ELSE " * n + "n" + " END" * n), 900),
    "withColumn, one column": (lambda n: ([], [[with_column("n", "n + 1")] * n]), 2_000),
    "withColumn, new columns": (lambda n: ([], [[with_column(f"c{at}", "n + 1") for at in range(n)]]), 2_000),
    "steps": (lambda n: ([], [[with_column("n", "n + 1")]] * n), 2_000),
    "columns": (wide, 20_000),
}


def workflow(names, steps):
    fields = [{"name": name, "type": "int", "nullable": True} for name in names]
    fields += [{"name": "v", "type": "string", "nullable": True}, {"name": "n", "type": "long", "nullable": True}]
    # The functions of earlier steps name the columns that they keep.
    for functions in steps:
        for step in functions:
            if step["function_type"] == "select":
                step["arguments"]["columns"] = [*names, "v", "n"]
    ids = ["extract", *(f"step-{at}" for at in range(len(steps)))]
    transforms = [{"id": id, "upstream_id": before, "functions": functions} for id, before, functions in zip(ids[1:], ids, steps)]
    extract = {"id": "extract", "extract_type": "file", "method": "batch", "data_format": "csv", "location": "in.csv",
               "schema": json.dumps({"type": "struct", "fields": fields})}
    load = {"id": "load", "load_type": "file", "upstream_id": ids[-1], "method": "batch", "data_format": "json", "location": "out", "mode": "overwrite"}
    job = {"id": "job", "extracts": [extract], "transforms": transforms, "loads": [load]}
    return {"workflow": {"id": "planning", "enabled": True, "jobs": [job]}}


def seconds(samara, workflow, limit):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "job.json")
        path.write_text(json.dumps(workflow))
        start = time.monotonic()
        command = [samara, "validate", "--workflow-filepath", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return f"> {limit} s"
        if done.returncode:
            return f"exit {done.returncode}: {done.stderr.strip().splitlines()[0][:60] if done.stderr.strip() else ''}"
        return time.monotonic() - start


def pivot(samara, directory):
    """A pipeline whose pivot finds as many values as its input has."""
    fields = [{"name": name, "type": "long", "nullable": True} for name in ("k", "p", "n")]
    pivot = function("pivot", group_by=["k"], pivot_column="p", values_column="n", agg_func="sum")
    document = workflow([], [[pivot]])
    document["workflow"]["jobs"][0]["extracts"][0]["schema"] = json.dumps({"type": "struct", "fields": fields})
    path, program = pathlib.Path(directory, "job.json"), pathlib.Path(directory, "planning")
    path.write_text(json.dumps(document))
    subprocess.run([samara, "build", str(path), "-o", str(program)], check=True, capture_output=True)

    def run(values):
        rows = (f"{at % 10},{at},1\n" for at in range(values))
        pathlib.Path(directory, "in.csv").write_text("".join(rows))
        start = time.monotonic()
        subprocess.run([program, "--log-level", "error"], check=True, capture_output=True, cwd=directory)
        return time.monotonic() - start

    return run


def rows(name, most, measure, empty):
    """A row for a quarter, a half and all of the size."""
    before = None
    for size in (most // 4, most // 2, most):
        taken = measure(size)
        if isinstance(taken, str):
            print(f"| {name} | {size} | {taken} | |", flush=True)
            break
        taken = max(taken - empty, 0.001)
        growth = f"{taken / before:.1f}" if before else ""
        print(f"| {name} | {size} | {taken:.2f} | {growth} |", flush=True)
        before = taken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("samara", type=pathlib.Path, help="the program to measure")
    parser.add_argument("--only", default="", help="one kind, by the beginning of its name")
    parser.add_argument("--limit", type=float, default=60, help="seconds for one workflow")
    options = parser.parse_args()
    samara = options.samara.absolute()
    empty = seconds(samara, workflow([], []), options.limit)
    print("| kind | size | seconds | growth |\n| --- | ---: | ---: | ---: |")
    for name, (make, most) in KINDS.items():
        if name.startswith(options.only):
            # Functions that a kind repeats are one object.
            measured = lambda size: seconds(samara, workflow(*json.loads(json.dumps(make(size)))), options.limit)
            rows(name, most, measured, empty)
    if "pivot values".startswith(options.only):
        with tempfile.TemporaryDirectory() as directory:
            run = pivot(samara, directory)
            rows("pivot values, at run", 2_000, run, run(0))


if __name__ == "__main__":
    main()
