//! The JSON schema of a workflow file.

use schemars::SchemaGenerator;
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
