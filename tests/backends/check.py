#!/usr/bin/env python3
"""Proves with real backends that they take, and understand, what a compiled pipeline reports.

A line for each check; the exit code is 1 if one fails. What cannot be had here is skipped, with the reason. README.md says more.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from install import Unavailable, debian_program, python_package

ROOT = Path(__file__).resolve().parents[2]
STEPS = {"extract-customers", "extract-orders", "transform-clean-orders", "transform-join-orders", "load-customer-orders"}
BACKENDS = ["collector", "rotel", "victoriametrics", "prometheus", "phoenix", "chain"]


class Report:
    """What was found, line by line."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, promise: str, holds, found=""):
        self.passed += bool(holds)
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {promise}" + (f" ({found})" if found != "" else ""), flush=True)

    def skip(self, what: str, why):
        self.skipped += 1
        print(f"SKIP {what}: {why}", flush=True)


class Pipeline:
    """The binary under test, and the two directories in which it succeeds and fails."""

    def __init__(self, binary: Path, scratch: Path):
        self.binary = binary
        self.good = scratch / "good"
        self.empty = scratch / "empty"
        self.empty.mkdir()
        shutil.copytree(ROOT / "examples/customer_orders", self.good / "examples/customer_orders", ignore=shutil.ignore_patterns("output*"))

    def run(self, directory: Path, *arguments, **variables) -> tuple[int, str]:
        """Runs it with these variables and no others of telemetry; its exit code and trace id."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "SAMARA_", "TRACE"))}
        done = subprocess.run([self.binary, *arguments], cwd=directory, env=clean | variables, text=True, capture_output=True, timeout=120)
        trace = re.search(r"trace ([0-9a-f]{32})", done.stderr + done.stdout)
        if "telemetry was not delivered" in done.stderr:
            print(done.stderr.strip(), file=sys.stderr)
        return done.returncode, trace[1] if trace else ""


class Backend:
    """A started program; its output is in a file, and it ends with the block that started it."""

    def __init__(self, name: str, scratch: Path, command, ready: int, patience=30, **variables):
        self.log = scratch / f"{name}.log"
        with self.log.open("w") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | variables, cwd=scratch)
        if not until(lambda: listens(ready) or self.process.poll() is not None, patience) or self.process.poll() is not None:
            self.stop()
            last = (self.log.read_text(errors="replace").strip().splitlines() or ["it printed nothing"])[-1]
            raise Unavailable(f"it does not start: {last}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def until(holds, patience: float) -> bool:
    """Whether it holds at some moment within these seconds."""
    end = time.monotonic() + patience
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.1)
    return bool(found)


def get(url: str, **parameters):
    with urllib.request.urlopen(url + ("?" + urllib.parse.urlencode(parameters) if parameters else ""), timeout=30) as answer:
        return json.load(answer)


# ---------------------------------------------------------------------------------------------------------------- collectors


def batches(log: Path, mark: str) -> dict[str, str]:
    """By signal, what a collector printed of the resources that carry this mark."""
    parts = re.split(r"Resource(Spans|Metrics|Log) #\d+", log.read_text(errors="replace"))
    found: dict[str, str] = {}
    for signal, text in zip(parts[1::2], parts[2::2]):
        if f"-> samara.check: Str({mark})\n" in text:
            found[signal] = found.get(signal, "") + text
    return found


def check_collector(report: Report, name: str, log: Path, pipeline: Pipeline, http: int, grpc: int):
    """All three signals by each protocol, plain and compressed: of a run that fails, since that one has a log record too."""
    signals = {"Spans", "Metrics", "Log"}
    for protocol, port in [("http/protobuf", http), ("http/json", http), ("grpc", grpc)]:
        for compression in ["none", "gzip"]:
            mark = f"{protocol}-{compression}"
            code, trace = pipeline.run(
                pipeline.empty,
                OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
                OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
                OTEL_EXPORTER_OTLP_COMPRESSION=compression,
                OTEL_RESOURCE_ATTRIBUTES=f"samara.check={mark}",
            )
            came = until(lambda: batches(log, mark).keys() == signals, 5)
            found = batches(log, mark)
            report.check(f"{name}: {mark}: traces, metrics and logs", code != 0 and came, ", ".join(sorted(found)) or "nothing came")
            report.check(f"{name}: {mark}: the spans are of the trace that the run named", trace and trace in found.get("Spans", ""))
    # The last of those runs stands for all: a log record is the same by each way.
    report.check(f"{name}: the log record has the run's trace id", trace and trace in found.get("Log", ""))

    mark = "success"
    _, trace = pipeline.run(
        pipeline.good, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{http}", OTEL_RESOURCE_ATTRIBUTES=f"samara.check={mark}"
    )
    until(lambda: {"Spans", "Metrics"} <= batches(log, mark).keys(), 5)
    found = batches(log, mark)
    names = set(re.findall(r"^    Name +: (.+)$", found.get("Spans", ""), re.M))
    expected = STEPS | {"run customer-orders", "job silver"}
    report.check(f"{name}: a run, its job and its steps are spans", names == expected, f"{len(names)} of {len(expected)}")
    if name == "collector":  # rotel prints no exemplars
        exemplars = found.get("Metrics", "").count(f"-> Trace ID: {trace}")
        report.check(f"{name}: histograms have exemplars of the run's trace", exemplars > 0, exemplars)


def collector(report: Report, pipeline: Pipeline, scratch: Path, options):
    if not options.collector:
        raise Unavailable("no path of a collector: --collector, or SAMARA_OTELCOL")
    with start_collector(scratch, options.collector, "detailed") as (backend, http, grpc):
        check_collector(report, "collector", backend.log, pipeline, http, grpc)


@contextlib.contextmanager
def start_collector(scratch: Path, program, verbosity: str):
    """A Collector that takes all signals and logs them, and its ports."""
    http, grpc = free_port(), free_port()
    configuration = {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}, "http": {"endpoint": f"127.0.0.1:{http}"}}}},
        "exporters": {"debug": {"verbosity": verbosity}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {signal: {"receivers": ["otlp"], "exporters": ["debug"]} for signal in ["traces", "metrics", "logs"]},
        },
    }
    path = scratch / "collector.yaml"
    path.write_text(json.dumps(configuration))  # YAML holds JSON
    with Backend("collector", scratch, [program, "--config", path], http) as backend:
        yield backend, http, grpc


def rotel(report: Report, pipeline: Pipeline, scratch: Path, options):
    package = python_package(options.cache, "rotel")
    program = next(package.glob("lib/python*/site-packages/rotel/rotel-agent"), None)
    if not program:
        raise Unavailable("the wheel of this platform has no rotel-agent")
    http, grpc = free_port(), free_port()
    command = [program, "start", "--exporter", "blackhole", "--debug-log-verbosity", "detailed", "--pid-file", scratch / "rotel.pid"]
    command += [word for signal in ["traces", "metrics", "logs"] for word in ["--debug-log", signal]]
    command += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--otlp-http-endpoint", f"127.0.0.1:{http}"]
    with Backend("rotel", scratch, command, http) as backend:
        check_collector(report, "rotel", backend.log, pipeline, http, grpc)


# ------------------------------------------------------------------------------------------------------------------- metrics


class Queries:
    """PromQL's HTTP interface, which VictoriaMetrics and Prometheus share."""

    def __init__(self, port: int):
        self.url = f"http://127.0.0.1:{port}/api/v1/query"

    def vector(self, query: str) -> list:
        try:
            return get(self.url, query=query)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{query}: {json.load(error).get('error')}") from error

    def number(self, query: str) -> float | None:
        """The only value of the answer."""
        found = self.vector(query)
        return float(found[0]["value"][1]) if len(found) == 1 else None


def published_queries() -> dict[str, list[str]]:
    """The queries of the documentation, the dashboards and the rules, by file."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "docs").glob("telemetry*.md")):
        blocks = re.findall(r"^```promql\n(.*?)^```", path.read_text(), re.M | re.S)
        # A block may hold several queries, with empty lines between them, and comments above them.
        queries = [re.sub(r"^#.*\n?", "", part, flags=re.M).strip() for block in blocks for part in block.split("\n\n")]
        found[path.name] = [query for query in queries if query]
    for path in sorted((ROOT / "deploy").rglob("dashboards/*.json")):
        targets = [target for panel in json.loads(path.read_text())["panels"] for target in panel.get("targets", [])]
        found[path.name] = [with_variables(target["expr"]) for target in targets if "expr" in target]
    return found


def with_variables(expression: str) -> str:
    """A dashboard's expression with values for its variables, as Grafana sends it."""
    for name, value in {"$__range": "1h", "$__rate_interval": "5m", "$__interval": "1m"}.items():
        expression = expression.replace(name, value)
    return re.sub(r"\$\{?\w+(:\w+)?\}?", ".*", expression)


def check_metrics(report: Report, name: str, queries: Queries, pipeline: Pipeline, url: str, apart: int):
    """Three runs that succeed and one that fails: are they three and one, minutes later too?"""
    success = lambda: pipeline.run(pipeline.good, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=url, SAMARA_ENVIRONMENT="check")
    success()
    only = 'deployment_environment_name="check"'
    answered = until(lambda: queries.number("samara_cli_run_invocations_total") == 1, 15)
    report.check(f"{name}: after one run samara_cli_run_invocations_total is 1", answered)
    for _ in range(2):
        time.sleep(apart)
        success()
    pipeline.run(pipeline.empty, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=url, SAMARA_ENVIRONMENT="failing")

    def equals(what, query, expected):
        # A sample may be on its way for some seconds: in a queue, or in a buffer that is not searched yet.
        until(lambda: queries.number(query) == expected, 30)
        found = queries.number(query)
        report.check(f"{name}: {what}", found == expected, found)

    minutes = f"three runs, {apart} s apart,"
    equals(f"{minutes} count as 3", f"sum(max_over_time(samara_cli_run_invocations_total{{{only}}}[1d]))", 3)
    equals(f"{minutes} are 3 series", f"count(count_over_time(samara_cli_run_invocations_total{{{only}}}[1d]))", 3)
    equals("one failure counts as 1", "sum(max_over_time(samara_run_failures_total[1d]))", 1)
    classes = queries.vector("sum by (error_type) (max_over_time(samara_run_failures_total[1d]))")
    report.check(f"{name}: the failure has a class", [found["metric"]["error_type"] for found in classes] == ["Read"], classes[0]["metric"])
    if apart * 2 > 300:
        plain = queries.number(f"sum(samara_cli_run_invocations_total{{{only}}})")
        report.check(f"{name}: a plain sum has lost the first run by then", plain is not None and plain < 3, plain)
    if name == "prometheus":  # VictoriaMetrics lets a new series begin at 0, so its increase() is right
        equals("a naive increase() shows 0 or nothing", f"sum(increase(samara_cli_run_invocations_total{{{only}}}[1d])) or vector(0)", 0)
    else:
        equals("its own increase() counts 3", f"sum(increase(samara_cli_run_invocations_total{{{only}}}[1d]))", 3)

    since = queries.number('time() - max(max_over_time(samara_run_end_time_seconds{samara_run_outcome="success"}[7d]))')
    report.check(f"{name}: the last success was some seconds ago", since is not None and 0 < since < 60, since)
    quantiles = queries.vector(
        f"histogram_quantile(0.95, sum by (le, samara_step_name) (max_over_time(samara_step_duration_seconds_bucket{{{only}}}[1d])))"
    )
    values = {found["metric"]["samara_step_name"]: float(found["value"][1]) for found in quantiles}
    sensible = values.keys() == STEPS and all(0 < value < 10 for value in values.values())
    report.check(f"{name}: histogram_quantile gives each step's 95th percentile", sensible, values)
    rows = f'max(max_over_time(samara_step_output_rows_total{{{only}, samara_step_name="load-customer-orders"}}[1d]))'
    equals("rows written are the rows of the file", rows, written_rows(pipeline))
    series = queries.number(f'count(last_over_time({{__name__=~"samara_.+", {only}}}[1d]))')
    report.check(f"{name}: a run of five steps is some two hundred series", series is not None and 100 < series / 3 < 300, series and series / 3)
    for source, published in published_queries().items():
        answers = {}
        for query in published:
            try:
                answers[query] = len(queries.vector(query))
            except ValueError as error:
                print(f"     {error}")
        bad = len(published) - len(answers)
        report.check(f"{name}: takes the queries of {source}", not bad, f"{len(answers)} of {len(published)}, {sum(map(bool, answers.values()))} with a result")


def written_rows(pipeline: Pipeline) -> int:
    """Rows of the output of the last run: its csv files have a header each."""
    return sum(len(path.read_text().splitlines()) - 1 for path in (pipeline.good / "examples/customer_orders/output").rglob("*.csv"))


def victoriametrics(report: Report, pipeline: Pipeline, scratch: Path, options):
    with start_victoriametrics(scratch, options) as (_, port):
        check_metrics(report, "victoriametrics", Queries(port), pipeline, f"http://127.0.0.1:{port}/opentelemetry/v1/metrics", options.apart)


@contextlib.contextmanager
def start_victoriametrics(scratch: Path, options):
    program = debian_program(options.cache, "victoria-metrics", "victoria-metrics", (1, 112))
    port = free_port()
    command = [program, f"-storageDataPath={scratch}/victoriametrics", f"-httpListenAddr=127.0.0.1:{port}"]
    # A new sample is otherwise hidden for 30 seconds, so that graphs have no ragged end.
    command += ["-opentelemetry.usePrometheusNaming", "-search.latencyOffset=0s"]
    with Backend("victoriametrics", scratch, command, port) as backend:
        yield backend, port


def prometheus(report: Report, pipeline: Pipeline, scratch: Path, options):
    """Debian builds Prometheus without its OTLP receiver: vmagent takes the OTLP and writes it there by remote write.

    So this judges what Prometheus's PromQL makes of the data, not its receiver.
    """
    program = debian_program(options.cache, "prometheus", "prometheus", (3, 0))
    debian_program(options.cache, "victoria-metrics", "victoria-metrics", (1, 112))
    agent = options.cache / "victoria-metrics/usr/bin/vmagent"
    if not agent.exists():
        raise Unavailable("no vmagent beside VictoriaMetrics")
    port, otlp = free_port(), free_port()
    configuration = scratch / "prometheus.yml"
    configuration.write_text("{}")
    command = [program, f"--config.file={configuration}", f"--storage.tsdb.path={scratch}/prometheus", f"--web.listen-address=127.0.0.1:{port}"]
    with Backend("prometheus", scratch, command + ["--web.enable-remote-write-receiver"], port):
        command = [agent, f"-httpListenAddr=127.0.0.1:{otlp}", f"-remoteWrite.tmpDataPath={scratch}/vmagent", "-remoteWrite.forcePromProto"]
        command += ["-opentelemetry.usePrometheusNaming", f"-remoteWrite.url=http://127.0.0.1:{port}/api/v1/write"]
        with Backend("vmagent", scratch, command, otlp):
            check_metrics(report, "prometheus", Queries(port), pipeline, f"http://127.0.0.1:{otlp}/opentelemetry/v1/metrics", options.apart)


# -------------------------------------------------------------------------------------------------------------------- traces


def phoenix(report: Report, pipeline: Pipeline, scratch: Path, options):
    with start_phoenix(scratch, options) as (_, port):
        _, trace = pipeline.run(pipeline.good, SAMARA_OTLP_TRACES_ENDPOINT=f"http://127.0.0.1:{port}/v1/traces")
        check_trace(report, "phoenix", port, trace)
        if options.screenshot:
            project = get(f"http://127.0.0.1:{port}/v1/projects")["data"][0]["id"]
            take_screenshot(report, f"http://127.0.0.1:{port}/projects/{project}/traces/{trace}", options.screenshot, scratch)


@contextlib.contextmanager
def start_phoenix(scratch: Path, options):
    package = python_package(options.cache, "arize-phoenix")
    port, grpc = free_port(), free_port()
    settings = {"PHOENIX_WORKING_DIR": str(scratch), "PHOENIX_HOST": "127.0.0.1", "PHOENIX_TELEMETRY_ENABLED": "false"}
    settings |= {"PHOENIX_PORT": str(port), "PHOENIX_GRPC_PORT": str(grpc)}
    with Backend("phoenix", scratch, [package / "bin/phoenix", "serve"], port, patience=120, **settings) as backend:
        yield backend, port


def check_trace(report: Report, name: str, port: int, trace: str):
    spans = lambda: [span for span in get(f"http://127.0.0.1:{port}/v1/projects/default/spans", limit=100)["data"] if span["context"]["trace_id"] == trace]
    until(lambda: len(spans()) >= len(STEPS) + 2, 20)
    found = spans()
    by_id = {span["context"]["span_id"]: span for span in found}
    parents = {span["name"]: by_id[span["parent_id"]]["name"] if span["parent_id"] in by_id else None for span in found}
    expected = {"run customer-orders": None, "job silver": "run customer-orders"} | dict.fromkeys(STEPS, "job silver")
    report.check(f"{name}: the trace has all its spans, each below its parent", parents == expected, f"{len(found)} of {len(expected)}")


def chain(report: Report, pipeline: Pipeline, scratch: Path, options):
    """deploy/collector.yaml as it is, but for its addresses: phoenix stands for Jaeger, and VictoriaMetrics for Prometheus."""
    if not options.collector:
        raise Unavailable("no path of a collector: --collector, or SAMARA_OTELCOL")
    with start_victoriametrics(scratch, options) as (_, metrics), start_phoenix(scratch, options) as (_, traces):
        http, grpc = free_port(), free_port()
        text = (ROOT / "deploy/collector.yaml").read_text()
        for given, here in {
            "0.0.0.0:4317": f"127.0.0.1:{grpc}",
            "0.0.0.0:4318": f"127.0.0.1:{http}",
            "http://jaeger:4318": f"http://127.0.0.1:{traces}",
            "http://prometheus:9090/api/v1/otlp": f"http://127.0.0.1:{metrics}/opentelemetry",
        }.items():
            assert given in text, f"deploy/collector.yaml has no {given}"
            text = text.replace(given, here)
        path = scratch / "collector.yaml"
        path.write_text(text)
        with Backend("collector", scratch, [options.collector, "--config", path], http) as backend:
            _, trace = pipeline.run(pipeline.good, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{http}")
            check_trace(report, "chain", traces, trace)
            count = Queries(metrics)
            came = until(lambda: count.number("sum(max_over_time(samara_cli_run_invocations_total[1d]))") == 1, 15)
            report.check("chain: the run is counted behind the Collector", came)
            pipeline.run(pipeline.empty, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{http}")
            printed = until(lambda: "nothing to read at" in backend.log.read_text(errors="replace"), 10)
            report.check("chain: the Collector prints the log record", printed)


def take_screenshot(report: Report, page: str, path: Path, scratch: Path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        return report.skip("phoenix: a picture of the trace", "no chromium")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1600,1000", f"--user-data-dir={scratch}/chromium"]
    subprocess.run(command + ["--timeout=60000", "--virtual-time-budget=30000", f"--screenshot={path}", page], capture_output=True, timeout=180)
    report.check("phoenix: a picture of the trace", path.exists(), path)


# ----------------------------------------------------------------------------------------------------------------------- main


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samara-backends"
    parser.add_argument("binary", type=Path, help="examples/customer_orders, compiled")
    parser.add_argument("--collector", default=os.environ.get("SAMARA_OTELCOL"), help="an OpenTelemetry Collector with the exporter `debug` [env: SAMARA_OTELCOL]")
    parser.add_argument("--cache", type=Path, default=cache, help=f"where backends are installed [{cache}]")
    parser.add_argument("--apart", type=int, default=160, help="seconds between runs that are counted; PromQL forgets a sample after 300 [160]")
    parser.add_argument("--only", nargs="+", choices=BACKENDS, default=BACKENDS, help="these backends alone")
    parser.add_argument("--screenshot", type=Path, help="write a picture of phoenix's page to this file")
    options = parser.parse_args()
    options.cache = options.cache.resolve()
    options.cache.mkdir(parents=True, exist_ok=True)
    options.screenshot = options.screenshot and options.screenshot.resolve()

    report = Report()
    with tempfile.TemporaryDirectory(prefix="samara-backends-") as scratch:

        def prove(name: str):
            home = Path(scratch) / name
            home.mkdir()
            try:
                globals()[name](report, Pipeline(options.binary.resolve(), home), home, options)
            except Unavailable as why:
                report.skip(name, why)
            except Exception as error:  # one backend's surprise must not hide what the others say
                report.check(f"{name}: no surprise", False, repr(error))

        # The counted runs are minutes apart: their backends wait while the others are looked at.
        waiting = [threading.Thread(target=prove, args=[name]) for name in options.only if name in ("victoriametrics", "prometheus")]
        for thread in waiting:
            thread.start()
        for name in options.only:
            if name not in ("victoriametrics", "prometheus"):
                prove(name)
        for thread in waiting:
            thread.join()
    print(f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
