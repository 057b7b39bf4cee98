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
