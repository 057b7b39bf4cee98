//! The emitted crate's `Cargo.toml`, and its configuration of cargo.

use toml::{Table, Value};

use crate::emit::RuntimeSource;

/// The text below the first line. `files` are the crate's other files: `build` reads them back, to know what it may remove.
pub fn write(name: &str, files: &[String], runtime: &RuntimeSource) -> String {
    let workspace: Table = runtime.workspace_manifest.parse().unwrap_or_default();
    let package = table_at(&workspace, &["workspace", "package"]);
    let inherited = |key: &str| {
        package
            .get(key)
            .map(|value| format!("{key} = {value}\n"))
            .unwrap_or_default()
    };
    let resolver = table_at(&workspace, &["workspace"])
        .get("resolver")
        .cloned();
    let resolver = resolver
        .map(|value| format!("resolver = {value}\n"))
        .unwrap_or_default();
    let files: String = files
        .iter()
        .map(|file| format!("    {},\n", text(file)))
        .collect();
    let folder = text(&runtime.folder.to_string_lossy());
    format!(
        "[package]\nname = {}\nversion = \"0.1.0\"\n{}{}publish = false\n\n\
         [package.metadata.samara]\nfiles = [\n{files}]\n\n\
         [dependencies]\nsamara = {{ path = {folder}, features = [\"engine\"] }}\n\n\
         [workspace]\n{resolver}{}{}",
        text(name),
        inherited("edition"),
        inherited("rust-version"),
        profiles(&workspace),
        own_profile(name, &workspace),
    )
}

/// What cargo is told in the crate's directory: `cargo build` there gives as clean a binary as `samara build`.
pub fn cargo_config(runtime: &RuntimeSource) -> String {
    let wrapper = text(&runtime.rustc_wrapper.to_string_lossy());
    format!(
        "# Paths of the machine that builds stay out of the binary: see the script.\n[build]\nrustc-wrapper = {wrapper}\n"
    )
}

/// The workspace's profiles as they are there: another one would build the engine again.
fn profiles(workspace: &Table) -> String {
    let Some(profiles) = workspace.get("profile") else {
        return String::new();
    };
    let table = Table::from_iter([("profile".to_owned(), profiles.clone())]);
    let text = toml::to_string(&table).unwrap_or_default();
    format!("\n# As where the engine is built, so that it is not built twice.\n{text}")
}

/// The crate itself is not optimised: it plans, once a run, and what does the work was compiled with the runtime. That halves the
/// time of a release build. A package's own profile does not inherit `strip`.
fn own_profile(name: &str, workspace: &Table) -> String {
    let release = table_at(workspace, &["profile", "release"]);
    let strip = release
        .get("strip")
        .map(|strip| format!("strip = {strip}\n"));
    format!(
        "\n# The pipeline itself only plans; what takes time at a run is in the runtime.\n\
         [profile.release.package.{name}]\nopt-level = 0\n{}",
        strip.unwrap_or_default()
    )
}

fn table_at<'a>(table: &'a Table, path: &[&str]) -> std::borrow::Cow<'a, Table> {
    let mut table = table;
    for key in path {
        match table.get(*key).and_then(Value::as_table) {
            Some(inner) => table = inner,
            None => return std::borrow::Cow::Owned(Table::new()),
        }
    }
    std::borrow::Cow::Borrowed(table)
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}
