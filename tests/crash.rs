//! What a reader finds after a writer was killed.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::program::{Workplace, succeeded};

const ROWS: usize = 15_000;

const WORKFLOW: &str = r#"{"workflow": {"id": "stamp", "jobs": [{"id": "copy",
    "extracts": [{"id": "extract", "extract_type": "file", "data_format": "csv", "location": "input.csv",
        "schema": "{\"fields\": [{\"name\": \"generation\", \"type\": \"integer\"}, {\"name\": \"row\", \"type\": \"integer\"}]}"}],
    "transforms": [],
    "loads": [{"id": "load", "upstream_id": "extract", "load_type": "file", "data_format": "csv", "location": "output",
        "mode": "overwrite"}]}]}}"#;

/// Input whose every row bears the number of its generation, so that a mixture would show.
fn write_input(workplace: &Workplace, generation: usize) {
    let rows: String = (0..ROWS)
        .map(|row| format!("{generation},{row}\n"))
        .collect();
    workplace.write("input.csv", &rows);
}

/// The one generation that the output holds, whole.
fn generation(workplace: &Workplace) -> usize {
    assert!(
        workplace.path().join("output/_SUCCESS").exists(),
        "an output without its mark"
    );
    let text = workplace.parts("output");
    let generation: usize = text
        .split(',')
        .next()
        .expect("a row")
        .parse()
        .expect("a generation");
    let mut seen = vec![false; ROWS];
    for line in text.lines() {
        let (stamp, row) = line
            .split_once(',')
            .unwrap_or_else(|| panic!("half a row: {line:?}"));
        assert_eq!(stamp, generation.to_string(), "rows of two generations");
        let row: usize = row.parse().expect("a row's number");
        assert!(!std::mem::replace(&mut seen[row], true), "row {row} twice");
    }
    assert!(seen.into_iter().all(|seen| seen), "rows are missing");
    generation
}

/// Random enough to kill at any moment of a run.
fn fraction() -> f64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .subsec_nanos();
    f64::from(now % 1_000) / 1_000.0
}

#[test]
fn a_writer_killed_at_any_moment_leaves_the_old_output_or_the_new_one() {
    let workplace = Workplace::empty();
    workplace.write("stamp.json", WORKFLOW);
    let binary = workplace.build("stamp.json", "stamp");
    write_input(&workplace, 0);
    let began = std::time::Instant::now();
    succeeded(
        &workplace
            .command(&binary)
            .output()
            .expect("the binary starts"),
    );
    let whole = began.elapsed();
    let (mut last, mut killed, mut finished) = (0, 0, 0);
    for run in 1..=60 {
        write_input(&workplace, run);
        let mut child = workplace
            .command(&binary)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(
            whole
                .mul_f64(1.2 * fraction())
                .max(Duration::from_millis(1)),
        );
        let _ = child.kill();
        if child.wait().expect("an end").success() {
            finished += 1
        } else {
            killed += 1
        }
        let now = generation(&workplace);
        assert!(
            now == last || now == run,
            "generation {now} after {last} and {run}"
        );
        last = now;
    }
    assert!(
        killed > 10,
        "only {killed} of 60 runs were killed, {finished} finished"
    );
    write_input(&workplace, 100);
    succeeded(
        &workplace
            .command(&binary)
            .output()
            .expect("the binary starts"),
    );
    assert_eq!(generation(&workplace), 100);
    let left: Vec<_> = fs::read_dir(workplace.path())
        .expect("the directory")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".output."))
        .filter(|entry| entry.path().join(".lock").exists())
        .collect();
    assert!(
        left.is_empty(),
        "the next run clears away what killed ones left: {left:?}"
    );
}
