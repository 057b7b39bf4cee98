//! The JSON schema of a workflow file.

use samara::alert::Alert;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::Value;

use super::Config;

/// The JSON schema (draft 2020-12) of a workflow file, with the model's documentation as descriptions.
///
/// It is as strict as the model about fields and types. Names in capitals, which the model matches as well, it does not know.
pub fn workflow_schema() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<Config>();
    schema.insert("title".to_owned(), "Samara workflow".into());
    schema.to_value()
}

/// The JSON schema (draft 2020-12) of an alert file: the section `alert`, beside which other sections may stand.
pub fn alert_schema() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<AlertFile>();
    schema.insert("title".to_owned(), "Samara alerts".into());
    schema.to_value()
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is never read: only its schema is of use")]
struct AlertFile {
    /// Who is told when a run fails, and how.
    alert: Alert,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_GOLDEN=1 cargo test -p samara-gen` writes the files anew.
    fn assert_written(name: &str, schema: &Value) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../schemas")
            .join(name);
        let text = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &text).expect("a file in the workspace");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == text, "{name} is not the model's schema");
    }

    #[test]
    fn the_schemas_of_the_repository_are_those_of_the_model() {
        assert_written("workflow.schema.json", &workflow_schema());
        assert_written("alert.schema.json", &alert_schema());
    }
}
