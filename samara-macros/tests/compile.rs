//! What the macros take and what they refuse, and how they say so.
//!
//! A refusal is worth what it says: `fail/` holds the messages, each at the place of its mistake. `TRYBUILD=overwrite cargo test -p
//! samara-macros --test compile` writes them anew.

#[test]
fn what_is_right_compiles_without_a_warning_and_runs() {
    trybuild::TestCases::new().pass("tests/pass/*.rs");
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    trybuild::TestCases::new().compile_fail("tests/fail/*.rs");
}
