//! Turns ids, which hold any text, into Rust identifiers and package names.

use std::collections::BTreeSet;

/// Two of them in one `let` with a call still fit on lines that rustfmt accepts, and people still read them.
const LONGEST_IDENTIFIER: usize = 40;
const LONGEST_PACKAGE: usize = 64;

/// Identifiers of one scope, each given out once.
#[derive(Debug)]
pub struct Names {
    prefix: &'static str,
    taken: BTreeSet<String>,
}

impl Names {
    /// For the step functions of a job, which share their scope with `run`, its `session`, and `hooks`.
    pub fn of_steps() -> Names {
        Names::without("step", &["run", "session", "hooks"])
    }

    /// For the modules of a crate: each is a file of `src`, beside `main.rs`, and a name among the crates.
    pub fn of_jobs() -> Names {
        let crates = ["samara", "std", "core", "alloc", "proc_macro", "test"];
        let files = ["main", "lib", "con", "prn", "aux", "nul"];
        Names::without("job", &[crates.as_slice(), files.as_slice()].concat())
    }

    fn without(prefix: &'static str, reserved: &[&str]) -> Names {
        Names {
            prefix,
            taken: reserved.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// An identifier for an id: snake case and ASCII, no keyword, and not given out before.
    pub fn give(&mut self, id: &str) -> String {
        let base = shortened(&self.identifier(id), LONGEST_IDENTIFIER).to_owned();
        let is_free = |name: &String| !self.taken.contains(name) && !is_keyword(name);
        let numbered = |number: u32| {
            let suffix = format!("_{number}");
            format!(
                "{}{suffix}",
                shortened(&base, LONGEST_IDENTIFIER - suffix.len())
            )
        };
        let name = std::iter::once(base.clone())
            .chain((2..).map(numbered))
            .find(is_free)
            .unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    fn identifier(&self, id: &str) -> String {
        let words = words(id, '_');
        match words.chars().next() {
            None => self.prefix.to_owned(),
            Some(first) if first.is_ascii_digit() => format!("{}_{words}", self.prefix),
            Some(_) if is_keyword(&words) || self.taken.contains(&words) => {
                match id_is_reserved(&words) {
                    true => format!("{words}_{}", self.prefix),
                    false => words,
                }
            }
            Some(_) => words,
        }
    }
}

/// A package name for a workflow's id: no name of a package in the lock file, and none that cargo or rustc keep for themselves.
pub fn package(id: &str, locked: &BTreeSet<&str>) -> String {
    let words = words(id, '-');
    let name = match words.chars().next() {
        None => "pipeline".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("pipeline-{words}"),
        Some(_) => words,
    };
    let name = shortened(&name, LONGEST_PACKAGE).to_owned();
    let as_crate = name.replace('-', "_");
    if locked
        .iter()
        .any(|other| other.replace('-', "_") == as_crate)
        || id_is_reserved(&as_crate)
    {
        format!("{name}-pipeline")
    } else {
        name
    }
}

/// Names that an id may spell but that mean something else to Rust, cargo or a file system.
fn id_is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 18] = [
        "alloc",
        "aux",
        "build",
        "con",
        "core",
        "deps",
        "examples",
        "incremental",
        "lib",
        "main",
        "nul",
        "prn",
        "proc_macro",
        "run",
        "samara",
        "session",
        "std",
        "test",
    ];
    RESERVED.contains(&name) || is_keyword(name)
}

fn is_keyword(name: &str) -> bool {
    // Syn leaves out `gen`, which edition 2024 reserves.
    name == "gen" || syn::parse_str::<syn::Ident>(name).is_err()
}

/// Lower-case words of ASCII letters and digits, with one separator between two.
fn words(id: &str, separator: char) -> String {
    let mut words = String::new();
    let mut after_lower = false;
    for letter in id.chars() {
        if !letter.is_ascii_alphanumeric() {
            after_lower = false;
            if !words.is_empty() && !words.ends_with(separator) {
                words.push(separator);
            }
            continue;
        }
        if letter.is_ascii_uppercase() && after_lower {
            words.push(separator);
        }
        after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        words.push(letter.to_ascii_lowercase());
    }
    words.trim_end_matches(separator).to_owned()
}

fn shortened(name: &str, longest: usize) -> &str {
    name.get(..longest)
        .unwrap_or(name)
        .trim_end_matches(['_', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(ids: &[&str]) -> Vec<String> {
        let mut names = Names::of_steps();
        ids.iter().map(|id| names.give(id)).collect()
    }

    #[test]
    fn an_id_becomes_snake_case() {
        let names = given(&[
            "extract-customers",
            "Load Orders",
            "cleanUp",
            "a--b",
            "ÜBER!größe",
        ]);
        assert_eq!(
            names,
            [
                "extract_customers",
                "load_orders",
                "clean_up",
                "a_b",
                "ber_gr_e"
            ]
        );
    }

    #[test]
    fn two_ids_that_read_alike_get_different_names() {
        assert_eq!(
            given(&["a-b", "a_b", "a b", "a_b_2"]),
            ["a_b", "a_b_2", "a_b_3", "a_b_2_2"]
        );
    }

    #[test]
    fn an_id_that_means_something_else_to_rust_is_renamed() {
        let names = given(&["fn", "run", "session", "1st", "", "self", "_", "run"]);
        let expected = [
            "fn_step",
            "run_step",
            "session_step",
            "step_1st",
            "step",
            "self_step",
            "step_2",
            "run_step_2",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn long_ids_stay_apart_when_shortened() {
        let long = "x".repeat(300);
        let names = given(&[&long, &long]);
        assert!(names.iter().all(|name| name.len() <= LONGEST_IDENTIFIER));
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn a_job_never_becomes_another_file_of_the_crate() {
        let mut names = Names::of_jobs();
        let given: Vec<String> = ["main", "lib", "samara", "run"]
            .iter()
            .map(|id| names.give(id))
            .collect();
        assert_eq!(given, ["main_job", "lib_job", "samara_job", "run"]);
    }

    #[test]
    fn a_package_is_named_like_no_other_of_the_lock_file() {
        let locked = BTreeSet::from(["serde", "tracing-core"]);
        let names = [
            "serde",
            "tracing_core",
            "build",
            "Orders 2024",
            "2024",
            "",
            "fn",
        ]
        .map(|id| package(id, &locked));
        let expected = [
            "serde-pipeline",
            "tracing-core-pipeline",
            "build-pipeline",
            "orders-2024",
            "pipeline-2024",
            "pipeline",
            "fn-pipeline",
        ];
        assert_eq!(names, expected);
    }
}
