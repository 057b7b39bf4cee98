use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use samara::{Format, Join, SaveMode};

use super::*;
use crate::plan::{Extract, Function, Hook, Hooks, Load, Nulls, Step, Transform};

fn runtime() -> RuntimeSource {
    RuntimeSource {
        folder: "/cache/samara-runtime".into(),
        workspace_manifest:
            "[workspace.package]\nedition = \"2024\"\n[profile.dev]\ndebug = false\n".to_owned(),
        workspace_lock: "version = 4\n".to_owned(),
        member_manifests: BTreeMap::new(),
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn extract(id: &str) -> Step {
    Step::Extract(Extract {
        id: id.to_owned(),
        format: Format::Csv,
        location: "in.csv".to_owned(),
        schema: vec![("id".to_owned(), "bigint".to_owned())],
        options: Vec::new(),
    })
}

fn transform(id: &str, upstream: usize, functions: Vec<Function>) -> Step {
    Step::Transform(Transform {
        id: id.to_owned(),
        upstream,
        functions,
    })
}

fn load(id: &str, upstream: usize) -> Step {
    Step::Load(Load {
        id: id.to_owned(),
        upstream,
        format: Format::Json,
        location: "out".to_owned(),
        mode: SaveMode::Overwrite,
        options: Vec::new(),
        schema_export: None,
    })
}

fn plan(steps: Vec<Step>) -> Plan {
    let job = Job {
        id: "silver".to_owned(),
        description: String::new(),
        enabled: true,
        steps,
        hooks: Hooks::default(),
    };
    Plan {
        id: "orders".to_owned(),
        description: String::new(),
        enabled: true,
        jobs: vec![job],
        alerts: None,
        source: SourceFile {
            name: "job.json".to_owned(),
            text: "{}".to_owned(),
            digest: "sha256:0123".to_owned(),
        },
    }
}

#[test]
fn variables_without_a_default_in_locations_are_named_once_and_sorted() {
    let mut plan = plan(vec![extract("in"), load("out", 0)]);
    if let [Step::Extract(extract), Step::Load(load)] = plan.jobs[0].steps.as_mut_slice() {
        extract.location = "${IN}/${DAY:-today}/${BASE}".to_owned();
        load.location = "${BASE}/out".to_owned();
        load.schema_export = Some("${EXPORT}".to_owned());
    }
    let main = file(&plan, "src/main.rs");
    assert!(
        main.contains("        .needs([\"BASE\", \"EXPORT\", \"IN\"])\n"),
        "{main}"
    );
    plan.jobs[0].enabled = false;
    assert!(!file(&plan, "src/main.rs").contains("needs"));
}

fn file(plan: &Plan, path: &str) -> String {
    emit(plan, &runtime())
        .files
        .remove(Path::new(path))
        .unwrap_or_default()
}

fn join(other: usize) -> Function {
    Function::Join {
        other,
        on: texts(&["id"]),
        how: Join::Inner,
    }
}

#[test]
fn a_job_reads_like_code_written_by_hand() {
    let columns = texts(&[
        "name",
        "email",
        "signup_date",
        "order_id",
        "order_date",
        "amount",
    ]);
    let functions = vec![join(1), Function::Select { columns }];
    let plan = plan(vec![
        extract("customers"),
        extract("orders"),
        transform("both", 0, functions),
        load("out", 2),
    ]);
    let text = file(&plan, "src/silver.rs");
    let step = r#"
/// Joins `orders` on `id`, then selects 6 columns.
#[samara::step(id = "both", kind = "transform")]
fn both(customers: DataFrame, orders: DataFrame) -> Result<DataFrame> {
    customers.join(orders, ["id"], Join::Inner)?.select([
        "name",
        "email",
        "signup_date",
        "order_id",
        "order_date",
        "amount",
    ])
}
"#;
    let run = r#"
/// Runs the job.
pub fn run(session: &Session) -> Result<()> {
    let customers = customers(session)?;
    let orders = orders(session)?;
    let both = both(customers, orders)?;
    let out = out(both)?;
    session.run([out])
}
"#;
    assert!(text.contains(step) && text.ends_with(run), "{text}");
}

fn hook(id: &str, payload: Option<&str>) -> Hook {
    Hook {
        id: id.to_owned(),
        description: String::new(),
        method: "POST".to_owned(),
        url: "https://example.com/${TEAM}".to_owned(),
        headers: Vec::new(),
        payload: payload.map(str::to_owned),
        timeout: 5,
        retries: 0,
        delay: 1,
    }
}

#[test]
fn hooks_are_functions_and_a_list_of_when_they_are_sent() {
    let mut plan = plan(vec![]);
    let mut tell = hook("tell-start", Some(r#"{"text":"starts"}"#));
    tell.headers = vec![("X-Token".to_owned(), "${TOKEN}".to_owned())];
    tell.retries = 2;
    plan.jobs[0].hooks.on_start = vec![tell];
    plan.jobs[0].hooks.on_finally = vec![hook("a", None), hook("hooks", None)];
    let text = file(&plan, "src/silver.rs");
    let function = r##"
/// Sends a POST request to `https://example.com/${TEAM}`.
fn tell_start() -> Hook {
    Hook::new("tell-start", "POST", "https://example.com/${TEAM}")
        .header("X-Token", "${TOKEN}")
        .payload(r#"{"text":"starts"}"#)
        .timeout(Duration::from_secs(5))
        .retries(2, Duration::from_secs(1))
}
"##;
    let list = r"
/// What else happens when the job starts and ends.
pub fn hooks() -> Hooks {
    Hooks::new()
        .on_start([tell_start()])
        .on_finally([a(), hooks_2()])
}
";
    assert!(text.contains(function) && text.ends_with(list), "{text}");
    assert!(
        text.contains("use std::time::Duration;\n\nuse samara::{Hook, Hooks, Result, Session};\n"),
        "{text}"
    );
    let main = file(&plan, "src/main.rs");
    let job = ".job_with_hooks(\"silver\", silver::run, silver::hooks())";
    assert!(main.contains(job), "{main}");
}

#[test]
fn a_frame_is_cloned_only_where_it_is_read_again() {
    let plan = plan(vec![
        extract("a"),
        transform("b", 0, vec![join(0)]),
        load("c", 0),
        load("d", 1),
        load("e", 1),
    ]);
    let text = file(&plan, "src/silver.rs");
    assert!(
        text.contains("    a.clone().join(a, [\"id\"], Join::Inner)\n"),
        "{text}"
    );
    assert!(
        text.contains(
            "b(a.clone())?;\n    let c = c(a)?;\n    let d = d(b.clone())?;\n    let e = e(b)?;\n    session.run([c, d, e])\n"
        ),
        "{text}"
    );
}

#[test]
fn a_frame_is_cached_where_a_pivot_and_others_read_it() {
    let pivot = Function::Pivot {
        keys: texts(&["shop"]),
        pivot: "quarter".to_owned(),
        function: "sum".to_owned(),
        values: "amount".to_owned(),
    };
    let read_by = |others: Vec<Step>| {
        let steps = vec![extract("a"), transform("b", 0, vec![pivot.clone()])];
        file(&plan([steps, others].concat()), "src/silver.rs")
    };
    let both = read_by(vec![load("c", 0), load("d", 1)]);
    let cached = "let a = a(session)?;\n    let a = DataFrame::cache(a)?;\n";
    assert!(both.contains(cached), "{both}");
    assert!(!read_by(vec![load("d", 1)]).contains("cache"));
}

#[test]
fn a_frame_that_nothing_reads_is_made_and_dropped() {
    let text = file(&plan(vec![extract("a")]), "src/silver.rs");
    assert!(
        text.contains("    let _a = a(session)?;\n    Ok(())\n"),
        "{text}"
    );
}

#[test]
fn a_disabled_job_is_named_and_left_out() {
    let mut plan = plan(vec![]);
    plan.jobs[0].enabled = false;
    let main = file(&plan, "src/main.rs");
    assert!(
        main.contains("// Left out, since the workflow disables it: `silver`.\n"),
        "{main}"
    );
    assert!(
        main.contains("    samara::Workflow::new(\"orders\").digest(\"sha256:0123\")\n}"),
        "{main}"
    );
    assert_eq!(file(&plan, "src/silver.rs"), "");
}

#[test]
fn a_disabled_workflow_runs_no_job_and_says_so() {
    let mut plan = plan(vec![extract("a")]);
    plan.enabled = false;
    let main = file(&plan, "src/main.rs");
    assert!(
        main.contains("// The workflow is disabled, so this program runs no job.\n"),
        "{main}"
    );
}

#[test]
fn a_source_file_never_takes_the_place_of_another() {
    let mut plan = plan(vec![]);
    plan.alerts = Some("{}".to_owned());
    for (name, kept) in [
        ("alert.json", "alert.json"),
        ("build.rs", "workflow.json"),
        ("../a.jsonc", "workflow.jsonc"),
    ] {
        plan.source.name = name.to_owned();
        let files = emit(&plan, &runtime()).files;
        assert_eq!(files.len(), 6, "{files:?}");
        assert!(files.contains_key(Path::new(kept)), "{files:?}");
    }
}

#[test]
fn any_text_is_a_literal_a_name_or_a_comment() {
    let wild = "*/ \" {} \\ \n ` \u{202e} \0 fn main() {} 界";
    let functions = vec![
        Function::Filter {
            condition: wild.to_owned(),
        },
        join(0),
        Function::Drop {
            columns: texts(&[wild]),
        },
    ];
    let mut plan = plan(vec![
        extract(wild),
        transform(wild, 0, functions),
        load(wild, 1),
    ]);
    plan.id = wild.to_owned();
    plan.description = wild.to_owned();
    plan.jobs[0].id = wild.to_owned();
    let mut hook = hook(wild, Some(wild));
    hook.headers = vec![(wild.to_owned(), wild.to_owned())];
    (hook.url, hook.description) = (wild.to_owned(), wild.to_owned());
    let quoting = Hook {
        payload: Some("\"## r#\"\\".to_owned()),
        ..hook.clone()
    };
    plan.jobs[0].hooks.on_error = vec![hook, quoting];
    let krate = emit(&plan, &runtime());
    for (path, text) in krate
        .files
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|kind| kind == "rs"))
    {
        assert!(
            syn::parse_file(text).is_ok_and(|file| !file.items.is_empty()),
            "{}:\n{text}",
            path.display()
        );
        assert!(!text.contains('\u{202e}') && !text.contains('\0'), "{text}");
    }
}

/// Every length of names and texts, so that each limit of rustfmt's is passed at some point.
#[test]
fn rustfmt_leaves_the_text_alone_at_every_length() -> Result<(), Box<dyn std::error::Error>> {
    if Command::new("rustfmt").arg("--version").output().is_err() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut paths = Vec::new();
    for length in 1..90 {
        let (name, half) = ("n".repeat(length), "h".repeat(length / 2));
        let other = format!("o{name}");
        let functions = vec![
            join(1),
            Function::Filter {
                condition: name.clone(),
            },
            Function::WithColumn {
                name: half.clone(),
                expression: name.clone(),
            },
            Function::Cast {
                columns: vec![(half.clone(), half.clone()), (name.clone(), half.clone())],
            },
            Function::Select {
                columns: vec!["c".repeat(length % 13); length % 20],
            },
        ];
        let subset = vec!["c".repeat(length % 17); length % 9];
        let summaries = vec![
            Function::Distinct,
            Function::Dropna {
                rule: Nulls::Any,
                subset: (length % 3 > 0).then(|| subset.clone()),
            },
            Function::OrderBy {
                columns: (0..1 + length % 5)
                    .map(|n| (half.clone(), n % 2 == 0))
                    .collect(),
            },
            Function::Aggregate {
                keys: subset,
                aggregates: vec![["sum".to_owned(), half.clone(), name.clone()]; 1 + length % 3],
            },
            Function::Pivot {
                keys: vec![half.clone()],
                pivot: name.clone(),
                function: "sum".to_owned(),
                values: half.clone(),
            },
        ];
        let only = |index: usize| vec![summaries[index].clone()];
        let steps = vec![
            extract(&name),
            extract(&other),
            transform("one", 0, functions[..1].to_vec()),
            transform("last", 0, functions[4..].to_vec()),
            transform(&format!("t{half}"), 0, functions[1..3].to_vec()),
            transform(&format!("all{half}"), 1, functions),
            transform("distinct", 0, only(0)),
            transform("dropna", 0, only(1)),
            transform("order", 0, only(2)),
            transform("aggregate", 0, only(3)),
            transform("pivot", 0, only(4)),
            transform(&format!("summary{half}"), 0, summaries),
            load(&half, 5),
        ];
        let mut plan = plan(steps);
        let mut requests = vec![hook(&name, Some(&format!("{{\"a\":\"{name}\"}}"))); length % 4];
        for (place, request) in requests.iter_mut().enumerate() {
            request.url = format!("https://{half}");
            request.headers = vec![(half.clone(), name.clone()); place];
            request.retries = (length % 2) as u64;
        }
        let hooks = &mut plan.jobs[0].hooks;
        hooks.on_start = vec![hook(&half, None)];
        hooks.on_error = requests.clone();
        hooks.on_success = requests;
        plan.id = name;
        for module in ["main", "silver"] {
            let path = folder.path().join(format!("{module}{length}.rs"));
            // Alone, a file cannot say `mod`.
            std::fs::write(
                &path,
                file(&plan, &format!("src/{module}.rs")).replace("mod silver;\n\n", ""),
            )?;
            paths.push(path);
        }
    }
    let output = Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .args(paths)
        .output()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    Ok(())
}
