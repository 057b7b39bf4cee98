//! What loads write, beside each other and beside what their job reads: nothing is lost or mixed without a word.

use super::Problems;
use super::overlap::{Normal, Relation};
use crate::diagnostic::{Diagnostic, code};
use crate::model::{Extract, Job, Load, SaveMode, Workflow};
use crate::source::{Document, Spanned};

/// Checks the locations of all jobs that run.
pub(super) fn check(document: &Document, workflow: &Workflow, problems: &mut Problems) {
    if !workflow.enabled {
        return;
    }
    let jobs = workflow.jobs.iter().map(|job| &job.value);
    let jobs: Vec<&Job> = jobs.filter(|job| job.enabled).collect();
    let checker = Checker { document };
    for (index, job) in jobs.iter().enumerate() {
        checker.within(job, problems);
        for (earlier_index, earlier) in jobs[..index].iter().enumerate() {
            let between = &jobs[earlier_index + 1..=index];
            checker.across(earlier, job, between, problems);
        }
    }
}

struct Checker<'a> {
    document: &'a Document,
}

impl Checker<'_> {
    fn within(&self, job: &Job, problems: &mut Problems) {
        for (index, load) in loads(job).enumerate() {
            for earlier in loads(job).take(index) {
                // Of two loads with one id, that is what is wrong.
                if earlier.id.value != load.id.value {
                    problems.extend(self.two_loads(earlier, load));
                }
            }
            let extracts = job.extracts.iter().map(|extract| &extract.value);
            for extract in extracts.filter(|extract| !extract.location.value.trim().is_empty()) {
                problems.extend(self.read_and_written(extract, load));
            }
            problems.extend(self.export(job, load));
        }
    }

    /// Two loads of one job.
    fn two_loads(&self, earlier: &Load, load: &Load) -> Option<Diagnostic> {
        let (one, other) = (named(earlier), named(load));
        let relation = normal(&earlier.location).relation(&normal(&load.location))?;
        let (message, help) = match relation {
            Relation::Same if adds_to(earlier, load) => {
                let message = format!(
                    "loads {one} and {other} write to one location: it gets the rows of both"
                );
                let warning = Diagnostic::warning(code::OUTPUTS, message);
                return Some(self.pair(warning, &load.location, &earlier.location));
            }
            Relation::Same => {
                let same_format = earlier.data_format.value == load.data_format.value;
                let help = match same_format {
                    true => {
                        "give each load a location; `\"mode\": \"append\"` for the second adds its rows to those of the first"
                    }
                    false => "give each load a location",
                };
                (
                    format!("loads {one} and {other} write to one location"),
                    help,
                )
            }
            Relation::Holds => (
                format!("load {other} writes inside the location of load {one}"),
                "a load writes its location as a whole: give each load one that is outside of the others",
            ),
            Relation::Inside => (
                format!("load {other} writes to a location that holds the one of load {one}"),
                "a load writes its location as a whole: give each load one that is outside of the others",
            ),
        };
        let problem = Diagnostic::error(code::OUTPUTS, message).help(help);
        Some(self.pair(problem, &load.location, &earlier.location))
    }

    /// A load, and an extract of the same job.
    fn read_and_written(&self, extract: &Extract, load: &Load) -> Option<Diagnostic> {
        let relation = normal(&extract.location).relation_of_pattern(&normal(&load.location))?;
        let (load_id, extract_id) = (named(load), format!("`{}`", extract.id.value));
        let is_seen = relation != Relation::Holds || is_recursive(extract);
        let diagnostic = match load.mode.value {
            SaveMode::Overwrite if is_seen => Diagnostic::error(
                code::OUTPUTS,
                format!("load {load_id} overwrites what extract {extract_id} reads"),
            )
            .help("write to another location: the next run would read this run's output in place of its input"),
            SaveMode::Append if is_seen => Diagnostic::warning(
                code::OUTPUTS,
                format!(
                    "load {load_id} appends to what extract {extract_id} reads: the next run reads these rows, too"
                ),
            ),
            SaveMode::Error | SaveMode::ErrorIfExists if relation == Relation::Same => {
                Diagnostic::error(
                    code::OUTPUTS,
                    format!(
                        "load {load_id} can never write: extract {extract_id} reads its location, so there is data already"
                    ),
                )
                .help("write to another location")
            }
            SaveMode::Ignore if relation == Relation::Same => Diagnostic::warning(
                code::OUTPUTS,
                format!(
                    "load {load_id} never writes: extract {extract_id} reads its location, so there is data already"
                ),
            ),
            _ => Diagnostic::warning(
                code::OUTPUTS,
                format!("load {load_id} writes inside the location that extract {extract_id} reads"),
            ),
        };
        let source = self.document.source();
        Some(
            diagnostic
                .at(source, load.location.span, "written here")
                .see(source, extract.location.span, "read here"),
        )
    }

    /// The file of a load's schema, beside all loads of its job.
    fn export(&self, job: &Job, load: &Load) -> Option<Diagnostic> {
        let export = load.schema_export.as_ref()?;
        let earlier = loads(job).take_while(|other| !std::ptr::eq(*other, load));
        for other in earlier.filter(|other| other.id.value != load.id.value) {
            let others = other.schema_export.as_ref();
            if let Some(others) = others.filter(|path| normal(path) == normal(export)) {
                let message = format!(
                    "loads {} and {} export their schemas to one file",
                    named(other),
                    named(load)
                );
                let problem = Diagnostic::error(code::OUTPUTS, message);
                return Some(
                    self.pair(problem, export, others)
                        .help("give each schema a file"),
                );
            }
        }
        if let Some(problem) = self.export_over_input(job, load, export) {
            return Some(problem);
        }
        loads(job).find_map(|other| {
            let how = match normal(&other.location).relation(&normal(export))? {
                Relation::Same => "is the location",
                Relation::Holds => "lies inside the location",
                Relation::Inside => "would have to be a directory: it holds the location",
            };
            let message = format!("the schema file of load {} {how} of load {}", named(load), named(other));
            let source = self.document.source();
            Some(
                Diagnostic::error(code::OUTPUTS, message)
                    .at(source, export.span, "the schema goes here")
                    .see(source, other.location.span, "the rows go here")
                    .help("a load writes its location as a whole: put the schema's file beside it, such as `out/orders.schema.json` beside `out/orders`"),
            )
        })
    }

    /// A schema that is exported into what the job reads: as rows, which it then is, or in place of them.
    fn export_over_input(
        &self,
        job: &Job,
        load: &Load,
        export: &Spanned<String>,
    ) -> Option<Diagnostic> {
        let extracts = job.extracts.iter().map(|extract| &extract.value);
        let mut extracts = extracts.filter(|extract| !extract.location.value.trim().is_empty());
        let read = extracts.find(|extract| {
            let relation = normal(&extract.location).relation_of_pattern(&normal(export));
            relation == Some(Relation::Same)
        })?;
        let message = format!(
            "load {} writes its schema over what extract `{}` reads",
            named(load),
            read.id.value
        );
        let source = self.document.source();
        Some(
            Diagnostic::error(code::OUTPUTS, message)
                .at(source, export.span, "the schema goes here")
                .see(source, read.location.span, "read here")
                .help("give the schema a file of its own"),
        )
    }

    /// The loads of a job that come after those of an earlier one; `between` are the jobs after the earlier one, up to this one.
    fn across(&self, earlier: &Job, job: &Job, between: &[&Job], problems: &mut Problems) {
        for first in loads(earlier) {
            for load in loads(job) {
                problems.extend(self.after(earlier, first, load, between));
            }
        }
    }

    fn after(
        &self,
        earlier: &Job,
        first: &Load,
        load: &Load,
        between: &[&Job],
    ) -> Option<Diagnostic> {
        let written = normal(&first.location);
        let relation = written.relation(&normal(&load.location))?;
        let whose = format!("load {} of job `{}`", named(first), earlier.id.value);
        let own = named(load);
        let diagnostic = match (load.mode.value, relation) {
            (SaveMode::Error | SaveMode::ErrorIfExists, Relation::Same | Relation::Inside) => {
                let message = format!("load {own} can never write: {whose} has written there");
                Diagnostic::error(code::OUTPUTS, message).help("write to another location")
            }
            (SaveMode::Overwrite, Relation::Same | Relation::Inside) => {
                let mut extracts = between.iter().flat_map(|job| &job.extracts);
                let is_read = extracts.any(|extract| {
                    let read = normal(&extract.value.location);
                    read.relation_of_pattern(&written).is_some()
                });
                if is_read {
                    return None;
                }
                let message =
                    format!("load {own} overwrites what {whose} wrote, and no job reads it before");
                Diagnostic::warning(code::OUTPUTS, message)
            }
            (_, Relation::Holds) => {
                let message = format!(
                    "load {own} writes inside the location of {whose}, which is written as a whole"
                );
                Diagnostic::warning(code::OUTPUTS, message)
            }
            (SaveMode::Append, Relation::Same)
                if first.data_format.value != load.data_format.value =>
            {
                let message =
                    format!("load {own} adds files of another format to those of {whose}");
                Diagnostic::warning(code::OUTPUTS, message)
            }
            _ => return None,
        };
        Some(self.pair(diagnostic, &load.location, &first.location))
    }

    fn pair(
        &self,
        diagnostic: Diagnostic,
        later: &Spanned<String>,
        first: &Spanned<String>,
    ) -> Diagnostic {
        let source = self.document.source();
        diagnostic
            .at(source, later.span, "again here")
            .see(source, first.span, "first here")
    }
}

/// The loads of a job; of one without a location nothing is known.
fn loads(job: &Job) -> impl Iterator<Item = &Load> {
    let loads = job.loads.iter().map(|load| &load.value);
    loads.filter(|load| !load.location.value.trim().is_empty())
}

fn named(load: &Load) -> String {
    format!("`{}`", load.id.value)
}

fn normal(location: &Spanned<String>) -> Normal {
    Normal::of(&location.value)
}

/// Whether a load adds its rows to those that an earlier one writes to its location.
fn adds_to(earlier: &Load, load: &Load) -> bool {
    let begins = matches!(earlier.mode.value, SaveMode::Overwrite | SaveMode::Append);
    let adds = load.mode.value == SaveMode::Append;
    begins && adds && earlier.data_format.value == load.data_format.value
}

/// Whether an extract reads the directories inside its location, too.
fn is_recursive(extract: &Extract) -> bool {
    extract.options.iter().any(|(name, value)| {
        let value = value.value.to_string();
        name.value.eq_ignore_ascii_case("recursiveFileLookup")
            && value.trim_matches('"').eq_ignore_ascii_case("true")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::{Checked, check};
    use crate::diagnostic::Diagnostic;
    use crate::source::{Document, Syntax};

    const SCHEMA: &str = r#"{"fields": [{"name": "id", "type": "long"}]}"#;

    fn extract(location: &str) -> Value {
        json!({"id": "e", "data_format": "csv", "location": location, "schema": SCHEMA})
    }

    fn load(id: &str, location: &str, mode: &str) -> Value {
        json!({"id": id, "upstream_id": "e", "data_format": "csv", "location": location, "mode": mode})
    }

    fn job(id: &str, extract: Value, loads: Value) -> Value {
        json!({"id": id, "extracts": [extract], "loads": loads})
    }

    fn checked(jobs: Value) -> Result<Checked, Vec<Diagnostic>> {
        let file = json!({"workflow": {"id": "w", "jobs": jobs}}).to_string();
        check(
            &Document::parse("job.json", file, Syntax::Json).expect("json"),
            None,
        )
    }

    /// The one error, with the text that it underlines first.
    fn error(jobs: Value) -> (String, String) {
        let errors = checked(jobs).expect_err("an error");
        assert_eq!(errors.len(), 1, "{errors:?}");
        said(&errors[0])
    }

    fn warnings(jobs: Value) -> Vec<String> {
        let warnings = checked(jobs).expect("only warnings").warnings;
        let messages = warnings.into_iter().map(|warning| warning.message);
        messages.collect()
    }

    fn said(diagnostic: &Diagnostic) -> (String, String) {
        let label = &diagnostic.labels[0];
        let span = label.span.expect("a place");
        (
            diagnostic.message.clone(),
            label.source.text()[span.range()].to_owned(),
        )
    }

    #[test]
    fn two_loads_of_a_job_to_one_location_are_refused_however_it_is_spelled() {
        for second in ["out/a", "./out/a/", "out//a", "out/b/../a"] {
            for mode in ["overwrite", "error", "ignore"] {
                let loads = json!([load("l", "out/a", "overwrite"), load("m", second, mode)]);
                let (message, place) = error(json!([job("j", extract("in"), loads)]));
                assert_eq!(message, "loads `l` and `m` write to one location");
                assert_eq!(place, format!("\"{second}\""));
            }
        }
    }

    #[test]
    fn a_load_that_adds_to_another_is_a_warning_and_one_of_another_format_an_error() {
        let loads = |format: &str| {
            let mut second = load("m", "out", "append");
            second["data_format"] = json!(format);
            json!([job(
                "j",
                extract("in"),
                json!([load("l", "out/", "append"), second])
            )])
        };
        assert_eq!(
            warnings(loads("csv")),
            ["loads `l` and `m` write to one location: it gets the rows of both"]
        );
        assert_eq!(
            error(loads("json")).0,
            "loads `l` and `m` write to one location"
        );
    }

    #[test]
    fn a_load_inside_the_location_of_another_is_refused() {
        for (first, second, message) in [
            (
                "out/n",
                "out/n/sub",
                "load `m` writes inside the location of load `l`",
            ),
            (
                "out/n/sub",
                "./out/n",
                "load `m` writes to a location that holds the one of load `l`",
            ),
        ] {
            let loads = json!([load("l", first, "overwrite"), load("m", second, "append")]);
            assert_eq!(error(json!([job("j", extract("in"), loads)])).0, message);
        }
    }

    #[test]
    fn a_schema_file_in_place_of_what_is_read_is_refused() {
        let exporting = |path: &str| {
            let mut exporting = load("l", "out/a", "overwrite");
            exporting["schema_export"] = json!(path);
            json!([exporting])
        };
        for (read, path) in [
            ("in/a.csv", "./in//a.csv"),
            ("in/*.json", "in/schema.json"),
            ("in/{a,b}.json", "in/b.json"),
        ] {
            assert_eq!(
                error(json!([job("j", extract(read), exporting(path))])),
                (
                    "load `l` writes its schema over what extract `e` reads".to_owned(),
                    format!("\"{path}\"")
                )
            );
        }
        let beside = json!([job("j", extract("in/*.csv"), exporting("in/schema.json"))]);
        assert_eq!(warnings(beside), [""; 0]);
    }

    #[test]
    fn a_schema_file_where_rows_are_written_is_refused() {
        let export = |path: &str| {
            let mut exporting = load("l", "out/a", "overwrite");
            exporting["schema_export"] = json!(path);
            let other = load("m", "out/b", "overwrite");
            error(json!([job("j", extract("in"), json!([exporting, other]))]))
        };
        for (path, message) in [
            (
                "out/a/schema.json",
                "the schema file of load `l` lies inside the location of load `l`",
            ),
            (
                "./out//b",
                "the schema file of load `l` is the location of load `m`",
            ),
            (
                "out",
                "the schema file of load `l` would have to be a directory: it holds the location of load `l`",
            ),
        ] {
            assert_eq!(export(path), (message.to_owned(), format!("\"{path}\"")));
        }
    }

    #[test]
    fn two_schemas_in_one_file_are_refused() {
        let exporting = |id: &str, path: &str| {
            let mut load = load(id, id, "overwrite");
            load["schema_export"] = json!(path);
            load
        };
        let loads = json!([exporting("l", "s.json"), exporting("m", "./s.json")]);
        assert_eq!(
            error(json!([job("j", extract("in"), loads)])),
            (
                "loads `l` and `m` export their schemas to one file".to_owned(),
                "\"./s.json\"".to_owned()
            )
        );
    }

    #[test]
    fn a_load_that_overwrites_what_its_job_reads_is_refused() {
        for (read, written) in [
            ("data/x", "data/x"),
            ("data/x/", "./data/x"),
            ("data/x", "data"),
            ("data/*", "data/x"),
            ("data/{x,y}", "data/x"),
            ("data/x/*.csv", "data/x"),
            ("${DATA}/x", "${DATA}//x"),
            ("file:///data/x", "/data/x"),
        ] {
            let loads = json!([load("l", written, "overwrite")]);
            let (message, place) = error(json!([job("j", extract(read), loads)]));
            assert_eq!(message, "load `l` overwrites what extract `e` reads");
            assert_eq!(place, format!("\"{written}\""));
        }
        for (read, written) in [
            ("data/x", "data/xy"),
            ("data/*.csv", "data/x"),
            ("in", "out"),
        ] {
            let loads = json!([load("l", written, "overwrite")]);
            assert_eq!(
                warnings(json!([job("j", extract(read), loads)])),
                [""; 0],
                "{read} {written}"
            );
        }
    }

    #[test]
    fn a_load_below_a_directory_that_is_read_is_refused_only_if_it_is_read_with_all_below_it() {
        let jobs = |recursive: bool| {
            let mut extract = extract("data");
            extract["options"] = json!({"recursiveFileLookup": recursive});
            json!([job("j", extract, json!([load("l", "data/x", "overwrite")]))])
        };
        assert_eq!(
            error(jobs(true)).0,
            "load `l` overwrites what extract `e` reads"
        );
        assert_eq!(
            warnings(jobs(false)),
            ["load `l` writes inside the location that extract `e` reads"]
        );
    }

    #[test]
    fn what_a_load_does_at_the_location_of_an_extract_follows_from_its_mode() {
        let jobs = |mode: &str| json!([job("j", extract("x"), json!([load("l", "x", mode)]))]);
        assert_eq!(
            warnings(jobs("append")),
            ["load `l` appends to what extract `e` reads: the next run reads these rows, too"]
        );
        assert_eq!(
            warnings(jobs("ignore")),
            ["load `l` never writes: extract `e` reads its location, so there is data already"]
        );
        assert_eq!(
            error(jobs("errorifexists")).0,
            "load `l` can never write: extract `e` reads its location, so there is data already"
        );
    }

    #[test]
    fn a_later_job_may_add_to_what_an_earlier_one_wrote_or_read_it_and_then_replace_it() {
        let jobs = |read: &str, mode: &str| {
            json!([
                job("a", extract("in"), json!([load("l", "out", "overwrite")])),
                job("b", extract(read), json!([load("m", "y", "append")])),
                job("c", extract("in"), json!([load("n", "out", mode)])),
            ])
        };
        let none = [""; 0];
        assert_eq!(warnings(jobs("in", "append")), none);
        assert_eq!(warnings(jobs("out", "overwrite")), none);
        assert_eq!(
            warnings(jobs("in", "overwrite")),
            ["load `n` overwrites what load `l` of job `a` wrote, and no job reads it before"]
        );
        assert_eq!(
            error(jobs("in", "error")).0,
            "load `n` can never write: load `l` of job `a` has written there"
        );
    }

    #[test]
    fn a_disabled_job_writes_nothing() {
        let mut off = job("a", extract("in"), json!([load("l", "out", "overwrite")]));
        off["enabled"] = json!(false);
        let on = job("b", extract("in"), json!([load("l", "out", "overwrite")]));
        assert_eq!(warnings(json!([off, on])), [""; 0]);
    }
}
