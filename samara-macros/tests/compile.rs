//! What the macros take and what they refuse, and how they say so.
//!
//! A refusal is worth what it says: `fail/` holds the messages, each at the place of its mistake. `TRYBUILD=overwrite cargo test -p
//! samara-macros --test compile` writes them anew.

use std::io::Write as _;

#[test]
fn what_is_right_compiles_without_a_warning_and_runs() {
    trybuild::TestCases::new().pass("tests/pass/*.rs");
}

/// The compiler whose words `fail/` holds: another one says the same in others.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn what_is_wrong_is_told_at_its_place() -> std::io::Result<()> {
    let version = std::process::Command::new("rustc")
        .arg("--version")
        .output();
    let version = version.expect("cargo found rustc, too").stdout;
    if !version.starts_with(RECORDED_WITH.as_bytes()) {
        // Past the harness, which shows nothing that a test prints that succeeds.
        let mut shown = std::io::stderr();
        return writeln!(
            shown,
            "tests/fail is NOT compared: its messages were recorded with {RECORDED_WITH}x"
        );
    }
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
    Ok(())
}
