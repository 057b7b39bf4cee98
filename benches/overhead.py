#!/usr/bin/env python3
"""What telemetry costs a pipeline: the same run with it and without, in pairs, each pair in an order drawn by lot.

    samara build benches/overhead.json --profile release --output overhead
    benches/overhead.py overhead --collector otelcol

Two million rows of csv are filtered, get a column, and lose their duplicates. With telemetry, a Collector on this machine takes all three signals.
The ratio of a pair does not care how fast the machine is, and the median of many does not care for the odd slow one. Leave the machine alone meanwhile.
"""

import argparse
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests/backends"))
from check import start_collector  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path, help="what `samara build benches/overhead.json` made")
    parser.add_argument("--collector", type=Path, required=True, help="an OpenTelemetry Collector")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--pairs", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        return measure(options.binary.resolve(), options.collector.resolve(), Path(directory), options)


def measure(binary: Path, program: Path, directory: Path, options) -> int:
    write_orders(directory / "orders.csv", options.rows)
    with start_collector(directory, program, "basic") as (_, port, _):
        plain = {name: value for name, value in os.environ.items() if not re.match("OTEL_|SAMARA_", name)}
        kinds = {"with": {**plain, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}, "without": plain}
        for environment in kinds.values():
            run(binary, directory, environment)
        pairs = [pair(binary, directory, kinds) for _ in range(options.pairs)]
    for what, index in [("seconds", 0), ("processor", 1)]:
        report(what, [(each["with"][index], each["without"][index]) for each in pairs])
    return 0


def pair(binary: Path, directory: Path, kinds: dict) -> dict:
    order = random.sample(sorted(kinds), 2)
    return {kind: run(binary, directory, kinds[kind]) for kind in order}


def run(binary: Path, directory: Path, environment: dict) -> tuple[float, float]:
    """Seconds by the clock, and seconds of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run([binary], cwd=directory, env=environment, capture_output=True, text=True)
    took = time.perf_counter() - began
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or "WARN" in done.stderr:
        sys.exit(f"the run ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return took, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def report(what: str, pairs: list[tuple[float, float]]):
    ratios = [with_it / without for with_it, without in pairs]
    medians = sorted(statistics.median(random.choices(ratios, k=len(ratios))) for _ in range(2_000))
    low, high = medians[50], medians[-51]
    with_it, without = (statistics.median(each) for each in zip(*pairs))
    print(f"{what}: with {with_it:.3f}, without {without:.3f}; median ratio of {len(pairs)} pairs {statistics.median(ratios):.4f} (95 %: {low:.4f} to {high:.4f})")


def write_orders(path: Path, rows: int):
    numbers = random.Random(1)
    with path.open("w") as file:
        for row in range(rows):
            status = numbers.choice(["paid", "paid", "paid", "open"])
            file.write(f"{row},{numbers.randrange(rows // 2)},{numbers.random() * 500:.2f},{status}\n")


if __name__ == "__main__":
    sys.exit(main())
