//! The session's time zone, of a binary that was built once for all of them.

use std::process::Command;

use serde_json::json;

use crate::program::{Workplace, streams, succeeded};

/// Spark's own setting, as containers have it.
const SPARK: (&str, &str) = ("spark.sql.session.timeZone", "Asia/Kolkata");
const SAMARA: (&str, &str) = ("SAMARA_SESSION_TIME_ZONE", "Europe/Berlin");

/// Reads instants, and writes what clocks show.
fn workflow() -> String {
    let clocks = json!({"function_type": "withColumn", "arguments": {"col_name": "clock", "col_expr": "cast(i as string)"}});
    let schema = r#"{"fields":[{"name":"i","type":"timestamp","nullable":true}]}"#;
    let workflow = json!({"id": "clocks", "jobs": [{
        "id": "show",
        "extracts": [{
            "id": "extract", "extract_type": "file", "data_format": "csv", "location": "instants.csv", "schema": schema,
        }],
        "transforms": [{"id": "transform", "upstream_id": "extract", "functions": [clocks]}],
        "loads": [{
            "id": "load", "upstream_id": "transform", "load_type": "file", "data_format": "csv", "location": "output",
            "mode": "overwrite",
        }],
    }]});
    json!({ "workflow": workflow }).to_string()
}

#[test]
fn a_flag_beats_samaras_variable_which_beats_sparks_and_a_wrong_zone_stops_the_run_before_it_begins()
 {
    let workplace = Workplace::empty();
    workplace.write("instants.csv", "2024-03-31T00:30:00Z\n");
    workplace.write("job.json", &workflow());
    let binary = workplace.build("job.json", "clocks");
    let program = |arguments: &[&str], variables: &[(&str, &str)]| -> Command {
        let mut program = workplace.command(&binary);
        program.args(arguments).envs(variables.iter().copied());
        program
    };

    let wrong = program(&["--session-time-zone", "Europe/Berlni"], &[SAMARA]);
    let variable = program(&[], &[(SPARK.0, "Europe/Berlni")]);
    for mut program in [wrong, variable] {
        let output = program.output().expect("it starts");
        let (_, errors) = streams(&output);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("did you mean `Europe/Berlin`?"), "{errors}");
        assert!(!workplace.path().join("output").exists());
    }

    let flag = ["--session-time-zone", "-08:00"];
    for (arguments, variables, written) in [
        (
            &[][..],
            vec![],
            "2024-03-31T00:30:00.000Z,2024-03-31 00:30:00\n",
        ),
        (
            &[],
            vec![SPARK],
            "2024-03-31T06:00:00.000+05:30,2024-03-31 06:00:00\n",
        ),
        (
            &[],
            vec![SPARK, SAMARA],
            "2024-03-31T01:30:00.000+01:00,2024-03-31 01:30:00\n",
        ),
        (
            &flag,
            vec![SPARK, SAMARA],
            "2024-03-30T16:30:00.000-08:00,2024-03-30 16:30:00\n",
        ),
    ] {
        let output = program(arguments, &variables).output();
        succeeded(&output.expect("it starts"));
        assert_eq!(workplace.parts("output"), written);
    }
}
