use clap::Parser;

use super::*;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Subcommand>,
}

#[derive(clap::Subcommand)]
enum Subcommand {
    Run,
}

#[derive(Parser)]
struct Only {
    #[command(flatten)]
    flags: Flags,
}

/// What a program gets that is started with these flags and these variables.
fn settings(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Settings, clap::Error> {
    let program = Only::try_parse_from([&["program"], arguments].concat())?;
    let environment = |name: &str| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.into())
    };
    Ok(Settings::resolve(
        program.flags,
        &environment,
        LogLevel::default(),
    ))
}

/// What such a program gives to another that is started with these variables.
fn handed_on(settings: &Settings, variables: &[(&str, &str)]) -> Vec<String> {
    let environment = |name: &str| {
        variables
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.into())
    };
    let arguments = settings.to_args_beside(&environment, LogLevel::default());
    let text = |argument: OsString| argument.into_string().expect("UTF-8");
    arguments.into_iter().map(text).collect()
}

fn given(value: &str, origin: &'static str) -> Option<Given> {
    Some(Given {
        value: value.to_owned(),
        origin,
    })
}

#[test]
fn a_flag_beats_a_variable() {
    let settings = settings(&["--log-level=warn"], &[("LOG_LEVEL", "debug")]).expect("valid");
    assert_eq!(settings.log_level, LogLevel::Warn);
}

#[test]
fn flags_stand_before_or_after_the_subcommand() {
    for arguments in [
        ["program", "--log-level=DEBUG", "run"],
        ["program", "run", "--log-level=DEBUG"],
    ] {
        let program = Program::try_parse_from(arguments).expect("valid");
        assert!(matches!(program.command, Some(Subcommand::Run)));
        assert_eq!(program.settings.log_level, LogLevel::Debug);
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let variables = [
        ("SAMARA_TRACE_PARENT", ""),
        ("TRACEPARENT", "00-x"),
        ("LOG_LEVEL", ""),
    ];
    let settings = settings(&[], &variables).expect("valid");
    assert_eq!(settings.trace_parent, given("00-x", "TRACEPARENT"));
    assert_eq!(settings.log_level, LogLevel::Info);
}

#[test]
fn an_empty_flag_counts_as_unset() {
    let settings = settings(
        &["--otlp-traces-endpoint="],
        &[("SAMARA_OTLP_TRACES_ENDPOINT", "http://a")],
    )
    .expect("valid");
    assert_eq!(
        settings.otlp_traces_endpoint,
        given("http://a", "SAMARA_OTLP_TRACES_ENDPOINT")
    );
}

#[test]
fn the_nearest_of_several_variables_wins() {
    let variables = [
        ("TRACEPARENT", "c"),
        ("SAMARA_TRACEPARENT", "b"),
        ("SAMARA_TRACE_PARENT", "a"),
    ];
    for (skipped, expected) in [(0, "a"), (1, "b"), (2, "c")] {
        let settings = settings(&[], &variables[..3 - skipped]).expect("valid");
        assert_eq!(settings.trace_parent.expect("set").value, expected);
    }
}

#[test]
fn a_bad_value_in_a_variable_counts_as_unset_and_is_told_of() {
    let variables = [
        ("SAMARA_LOG_LEVEL", "loud"),
        ("LOG_LEVEL", "warn"),
        ("SAMARA_LOG_FORMAT", "xml"),
    ];
    let settings = settings(&[], &variables).expect("valid");
    assert_eq!(settings.log_level, LogLevel::Warn);
    assert_eq!(settings.log_format, LogFormat::Text);
    let told: Vec<String> = settings.ignored.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "ignored SAMARA_LOG_LEVEL=\"loud\": expected off, error, warn, info, debug, trace",
            "ignored SAMARA_LOG_FORMAT=\"xml\": expected text, json",
        ]
    );
}

#[test]
fn a_bad_value_in_a_variable_is_left_to_the_other_program_to_tell_of() {
    let variables = [("LOG_LEVEL", "loud")];
    let before = settings(&[], &variables).expect("valid");
    assert_eq!(handed_on(&before, &variables), [""; 0]);
}

#[test]
fn log_levels_are_read_in_any_case_and_by_their_other_names() {
    let cases = [
        ("off", LogLevel::Off),
        ("Trace", LogLevel::Trace),
        ("WARNING", LogLevel::Warn),
        ("CRITICAL", LogLevel::Error),
    ];
    for (text, level) in cases {
        assert_eq!(text.parse(), Ok(level));
        assert_eq!(
            settings(&["--log-level", text], &[])
                .expect("valid")
                .log_level,
            level
        );
    }
}

#[test]
fn settings_survive_the_way_to_another_program() {
    let arguments = [
        "--otlp-traces-endpoint=http://c:4318/v1/traces",
        "--otlp-metrics-endpoint=http://c:4318/v1/metrics",
        "--trace-parent=00-a-b-01",
        "--trace-state=a=b,c=d",
        "--log-level=warn",
    ];
    let before = settings(&arguments, &[]).expect("valid");
    let handed_on = handed_on(&before, &[]);
    let handed_on: Vec<&str> = handed_on.iter().map(String::as_str).collect();
    assert_eq!(settings(&handed_on, &[]).expect("valid"), before);
}

#[test]
fn what_variables_say_another_program_hears_from_them_and_not_from_flags() {
    let variables = [
        ("SAMARA_OTLP_TRACES_ENDPOINT", "http://a"),
        ("SAMARA_OTLP_METRICS_ENDPOINT", "http://b"),
        ("SAMARA_OTLP_LOGS_ENDPOINT", "http://c"),
        ("TRACEPARENT", "00-x"),
        ("TRACESTATE", "a=b"),
        ("BAGGAGE", "c=d"),
        ("LOG_LEVEL", "debug"),
        ("SAMARA_LOG_FORMAT", "json"),
    ];
    let of_variables = settings(&[], &variables).expect("valid");
    assert_eq!(handed_on(&of_variables, &variables), [""; 0]);
    let flags = ["--trace-parent=00-y", "--log-level=info"];
    let of_flags = settings(&flags, &variables).expect("valid");
    assert_eq!(handed_on(&of_flags, &variables), flags);
}

#[test]
fn the_declaration_of_the_flags_is_sound() {
    <Program as clap::CommandFactory>::command().debug_assert();
}
