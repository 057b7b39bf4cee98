//! What `--help` and `--version` of a pipeline say of its workflow.

use std::collections::BTreeMap;

use anstyle::Style;

use super::Workflow;
use crate::alert::Alert;
use crate::variables;

impl Workflow {
    /// Its version, and the digest of what it was built from. A program that was written by hand has the version of its package.
    pub(crate) fn full_version(&self, package: &str) -> String {
        match (self.version, self.digest) {
            (Some(version), "") => visible(version),
            (Some(version), digest) => format!("{} ({digest})", visible(version)),
            (None, "") => package.to_owned(),
            (None, digest) => digest.to_owned(),
        }
    }

    /// Its inputs, its outputs, and the variables that it reads.
    pub(crate) fn help(&self, heading: Style) -> String {
        let lines = |texts: &[&str]| texts.iter().map(|text| visible(text)).collect();
        let sections: [(&str, Vec<String>); 3] = [
            ("Inputs", lines(&self.inputs)),
            ("Outputs", lines(&self.outputs)),
            ("Variables", self.variable_lines()),
        ];
        let sections = sections.iter().filter(|(_, lines)| !lines.is_empty());
        let texts: Vec<String> = sections
            .map(|(title, lines)| format!("{heading}{title}:{heading:#}\n  {}", lines.join("\n  ")))
            .collect();
        texts.join("\n\n")
    }

    fn variable_lines(&self) -> Vec<String> {
        let variables = self.variables();
        let width = variables.keys().map(|name| name.len()).max().unwrap_or(0);
        let line = |(name, must_be_set): (&String, &bool)| {
            let word = if *must_be_set { "required" } else { "optional" };
            format!("{name:width$}  {word}")
        };
        variables.iter().map(line).collect()
    }

    /// The variables of locations, hooks and alerts, and whether a run without them ends before it begins.
    fn variables(&self) -> BTreeMap<String, bool> {
        // A program whose alerts are not valid says so when it runs.
        let alerts = self.alerts.and_then(|json| Alert::parse(json).ok());
        let of_alerts = alerts.iter().flat_map(Alert::texts);
        let hooks = self.jobs.iter().flat_map(|job| job.hooks.all());
        let locations = self.inputs.iter().chain(&self.outputs).copied();
        let texts = locations
            .chain(hooks.flat_map(|hook| hook.texts()))
            .chain(of_alerts);
        let needed = self.needs.iter().map(|name| (*name, true));
        let mut variables = BTreeMap::new();
        for (name, must_be_set) in texts.flat_map(variables::named).chain(needed) {
            *variables.entry(name.to_owned()).or_default() |= must_be_set;
        }
        variables
    }
}

/// A text without what would steer the terminal.
fn visible(text: &str) -> String {
    let escaped = |character: char| match character.is_control() {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::{Hook, Hooks};

    #[test]
    fn the_help_names_inputs_outputs_and_each_variable_of_them_of_hooks_and_of_alerts() {
        let hook = Hook::new("tell", "POST", "${HOOK_URL}/tell?day=${DAY:-today}");
        let alerts = r#"{"alert": {"triggers": [{"id": "t", "channel_ids": ["off", "web"]}], "channels": [
            {"channel_type": "file", "id": "idle", "file_path": "${UNUSED}"},
            {"channel_type": "file", "id": "off", "enabled": false, "file_path": "${UNUSED}"},
            {"channel_type": "http", "id": "web", "url": "http://x", "method": "POST", "timeout": 1,
             "retry": {"max_attempts": 0, "delay_in_seconds": 1}, "headers": {"Authorization": "${TOKEN}"}}]}}"#;
        let workflow = Workflow::new("orders")
            .inputs(["${DIR}/orders.csv", "a\u{1b}[2Jb"])
            .outputs(["out/${DAY:-today}"])
            .needs(["DIR"])
            .job_with_hooks("j", |_| Ok(()), Hooks::new().on_start([hook]))
            .alerts(alerts);
        let expected = "Inputs:\n  ${DIR}/orders.csv\n  a\\u{1b}[2Jb\n\nOutputs:\n  out/${DAY:-today}\n\nVariables:
  DAY       optional\n  DIR       required\n  HOOK_URL  required\n  TOKEN     required";
        assert_eq!(workflow.help(Style::new()), expected);
    }

    #[test]
    fn a_workflow_that_reads_nothing_has_no_more_to_say() {
        assert_eq!(Workflow::new("orders").help(Style::new()), "");
    }

    #[test]
    fn the_version_is_that_of_the_workflow_with_the_digest_or_that_of_the_package() {
        let version = |workflow: Workflow| workflow.full_version("0.1.0");
        let workflow = || Workflow::new("orders");
        let digest = "sha256:5b2b";
        assert_eq!(version(workflow()), "0.1.0");
        assert_eq!(version(workflow().digest(digest)), digest);
        assert_eq!(version(workflow().version("1.4.0")), "1.4.0");
        let whole = workflow().version("1.4.0").digest(digest);
        assert_eq!(version(whole), "1.4.0 (sha256:5b2b)");
    }
}
