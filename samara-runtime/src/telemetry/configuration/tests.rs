use super::*;

fn resolved(variables: &[(&str, &str)]) -> Configuration {
    Configuration::resolve(&Settings::default(), &|name| {
        let variable = variables.iter().find(|(key, _)| *key == name);
        variable.map(|(_, value)| value.into())
    })
}

fn endpoint(configuration: &Configuration, signal: Signal) -> Option<String> {
    match configuration.exporter(signal) {
        Exporter::Otlp(otlp) => Some(otlp.endpoint.value.shown()),
        _ => None,
    }
}

#[test]
fn nothing_is_sent_where_nobody_has_said_anything() {
    let configuration = resolved(&[]);
    for signal in Signal::ALL {
        assert_eq!(
            configuration.exporter(signal),
            &Exporter::None(Origin::Default)
        );
    }
    assert!(configuration.ignored.is_empty());
}

#[test]
fn who_wants_otlp_without_saying_where_gets_the_collector_of_this_machine() {
    let configuration = resolved(&[("OTEL_TRACES_EXPORTER", "otlp")]);
    let traces = endpoint(&configuration, Signal::Traces);
    assert_eq!(traces.as_deref(), Some("http://localhost:4318/v1/traces"));
    assert_eq!(endpoint(&configuration, Signal::Logs), None);
    let configuration = resolved(&[
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]);
    let logs = endpoint(&configuration, Signal::Logs);
    assert_eq!(logs.as_deref(), Some("http://localhost:4317/"));
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let configuration = resolved(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        ("OTEL_TRACES_SAMPLER", ""),
        ("OTEL_SDK_DISABLED", ""),
    ]);
    assert!(configuration.ignored.is_empty());
    assert_eq!(endpoint(&configuration, Signal::Traces), None);
}

#[test]
fn the_limit_of_one_thing_beats_the_limit_of_all() {
    let limits = resolved(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "8"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "2"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "4"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "6"),
    ])
    .limits;
    let number = |limit: &Option<Chosen<Limit>>| limit.as_ref().map(|limit| limit.value.0);
    assert_eq!(number(&limits.span_attributes), Some(1));
    assert_eq!(number(&limits.event_attributes), Some(2));
    assert_eq!(number(&limits.link_attributes), Some(3));
    assert_eq!(number(&limits.record_attributes), Some(4));
    assert_eq!(number(&limits.span_value_length), Some(5));
    assert_eq!(number(&limits.span_links), Some(6));
    assert_eq!(number(&limits.record_value_length), Some(8));
}

#[test]
fn a_client_certificate_without_its_key_is_named_and_ignored() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "-----BEGIN CERTIFICATE-----").expect("a file");
    let path = file.path().to_str().expect("UTF-8");
    let configuration = resolved(&[("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", path)]);
    let [ignored] = &configuration.ignored[..] else {
        panic!("{:?}", configuration.ignored)
    };
    assert_eq!(ignored.name, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
}

#[test]
fn grpc_goes_to_a_url_or_to_host_and_port() {
    const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    const INSECURE: &str = "OTEL_EXPORTER_OTLP_INSECURE";
    let cases = [
        (vec![(ENDPOINT, "http://c:4317")], Some("http://c:4317/")),
        (vec![(ENDPOINT, "c:4317")], Some("https://c:4317/")),
        (
            vec![(ENDPOINT, "c:4317"), (INSECURE, "true")],
            Some("http://c:4317/"),
        ),
        (
            vec![(ENDPOINT, "https://c:4317"), (INSECURE, "true")],
            Some("https://c:4317/"),
        ),
        (
            vec![
                (ENDPOINT, "c:4317"),
                (INSECURE, "false"),
                ("OTEL_EXPORTER_OTLP_LOGS_INSECURE", "true"),
            ],
            Some("http://c:4317/"),
        ),
        (vec![(ENDPOINT, "c:port")], None),
        (vec![(ENDPOINT, "unix://c")], None),
    ];
    for (variables, expected) in cases {
        let configuration = resolved(&[&[GRPC], &variables[..]].concat());
        let logs = endpoint(&configuration, Signal::Logs);
        assert_eq!(logs.as_deref(), expected, "{variables:?}");
        assert_eq!(configuration.ignored.is_empty(), expected.is_some());
    }
}

#[test]
fn a_queue_without_end_has_one() {
    let configuration = resolved(&[
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2147483647"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "9"),
    ]);
    assert_eq!(configuration.spans.queue.value.0, 65_536);
    assert_eq!(configuration.records.queue.value.0, 9);
    assert!(configuration.ignored.is_empty());
}

#[test]
fn batches_may_be_sent_at_once() {
    let configuration = resolved(&[("OTEL_BSP_SCHEDULE_DELAY", "0")]);
    assert!(configuration.ignored.is_empty());
    assert_eq!(configuration.spans.delay.value.to_string(), "0 ms");
}

#[test]
fn attributes_of_the_resource_are_percent_encoded() {
    let attributes = |text: &str| {
        let configuration = resolved(&[("OTEL_RESOURCE_ATTRIBUTES", text)]);
        configuration.resource.map(|resource| resource.value.0)
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        attributes("a%3Db=1%2C2,c=%25"),
        Some(vec![pair("a=b", "1,2"), pair("c", "%")])
    );
    for wrong in ["a=50%", "a=%zz", "ok=1,a=%2", "a"] {
        assert_eq!(attributes(wrong), None, "{wrong}");
    }
}

#[test]
fn exports_of_metrics_have_a_time_limit_of_their_own() {
    let timeouts = |variables: &[(&str, &str)]| {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        let configuration = resolved(&[&[endpoint], variables].concat());
        Signal::ALL.map(|signal| match configuration.exporter(signal) {
            Exporter::Otlp(otlp) => otlp.timeout.value.0.as_millis(),
            _ => 0,
        })
    };
    let own = timeouts(&[("OTEL_METRIC_EXPORT_TIMEOUT", "900")]);
    assert_eq!(own, [4000, 900, 4000]);
    let longer = timeouts(&[("OTEL_METRIC_EXPORT_TIMEOUT", "30000")]);
    assert_eq!(longer, [4000; 3]);
}

#[test]
fn what_is_no_url_may_hold_a_password_and_is_not_shown() {
    for value in [
        "http://user:hun?ter2@host:4318/v1/traces",
        "http://host:x/?key=hunter2",
        "user:hunter2@host",
        "http//user:hunter2@host",
    ] {
        let configuration = resolved(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", value)]);
        let [ignored] = configuration.ignored.as_slice() else {
            panic!("{value}")
        };
        let shown = ignored.to_string();
        assert!(!shown.contains("hun"), "{shown}");
    }
}

#[test]
fn a_propagator_counts_once() {
    let twice = [("OTEL_PROPAGATORS", "baggage,tracecontext,baggage")];
    let propagators = resolved(&twice).propagators.value;
    assert_eq!(propagators.to_string(), "baggage,tracecontext");
}
