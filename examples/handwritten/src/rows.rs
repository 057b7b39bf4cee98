//! Files as rows: csv with a header, and json with one object a line.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::CheckError;

/// The values of a row by column. What is null or empty is not in it.
pub type Row = HashMap<String, String>;

/// Takes the text of a file apart, as the file's name says.
#[samara::step(id = "parse-rows", kind = "extract", attributes(file.name = file, file.size = text.len()))]
pub fn parse_rows(file: &str, text: &str) -> Result<Vec<Row>, CheckError> {
    let numbered = (1..).zip(text.lines());
    if file.ends_with(".json") {
        numbered.map(json_row).collect()
    } else if file.ends_with(".csv") {
        let columns = fields(text.lines().next().unwrap_or_default());
        let row = |line| csv_row(&columns, line);
        numbered.skip(1).map(row).collect()
    } else {
        Err(CheckError::UnknownFormat(file.to_owned()))
    }
}

fn json_row((number, line): (usize, &str)) -> Result<Row, CheckError> {
    let object: HashMap<String, Value> = serde_json::from_str(line)
        .map_err(|error| CheckError::Malformed(number, error.to_string()))?;
    let value = |(column, value)| match value {
        Value::Null => None,
        Value::String(text) => Some((column, text)),
        other => Some((column, other.to_string())),
    };
    Ok(object.into_iter().filter_map(value).collect())
}

fn csv_row(columns: &[String], (number, line): (usize, &str)) -> Result<Row, CheckError> {
    let values = fields(line);
    if values.len() != columns.len() {
        let problem = format!("{} fields, {} columns", values.len(), columns.len());
        return Err(CheckError::Malformed(number, problem));
    }
    let pairs = columns.iter().cloned().zip(values);
    Ok(pairs.filter(|(_, value)| !value.is_empty()).collect())
}

/// The fields of a line. A comma between quotes belongs to its field; quotes in a field are not known here.
fn fields(line: &str) -> Vec<String> {
    let mut quoted = false;
    let ends = |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    };
    let fields = line.split(ends);
    fields
        .map(|field| field.trim_matches('"').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_between_quotes_does_not_end_a_field() {
        assert_eq!(
            fields(r#"7,"Lindqvist, Maja",,"#),
            ["7", "Lindqvist, Maja", "", ""]
        );
    }

    #[test]
    fn a_short_line_is_named_by_its_number_in_the_file() {
        let error = parse_rows("orders.csv", "id,amount\n1,5\n2\n").expect_err("short");
        assert_eq!(error.to_string(), "line 3: 1 fields, 2 columns");
    }
}
