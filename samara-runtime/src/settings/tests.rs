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
    Ok(Settings::resolve(program.flags, &environment))
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
    assert_eq!(before.to_args(), Vec::<OsString>::new());
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
    let handed_on = before.to_args();
    let handed_on: Vec<&str> = handed_on
        .iter()
        .map(|argument| argument.to_str().expect("UTF-8"))
        .collect();
    assert_eq!(settings(&handed_on, &[]).expect("valid"), before);
}

#[test]
fn the_declaration_of_the_flags_is_sound() {
    <Program as clap::CommandFactory>::command().debug_assert();
}
