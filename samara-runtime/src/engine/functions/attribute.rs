use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::logical_expr::{Expr, ExprSchemable as _};

use crate::engine::sql::nested::SparkItem;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result};

impl DataFrame {
    /// The column that a name stands for where Spark takes `col(name)`: the name without its backticks, and the index.
    ///
    /// A name that a column has stands for it, dots and all. Elsewhere (the columns to drop, the keys of a join) Spark reads no backticks, and
    /// [`DataFrame::index`] is what finds the column.
    pub(crate) fn attribute(&self, name: &str) -> Result<(String, usize)> {
        let error = match self.index(name) {
            Ok(index) => return Ok((name.to_owned(), index)),
            Err(error) => error,
        };
        match &attribute_parts(name)[..] {
            [plain] => Ok((plain.clone(), self.index(plain)?)),
            [first, ..] if self.is_struct(first) => Err(Error::Expression {
                expression: name.to_owned(),
                message: format!(
                    "a field within `{first}` cannot stand here: withColumn makes a column of it first"
                ),
                offset: None,
            }),
            _ => Err(error),
        }
    }

    /// What a name stands for where it may also be a field within a column: the last part of the name, and the value.
    pub(crate) fn attribute_value(&self, name: &str) -> Result<(String, Expr)> {
        let parts = attribute_parts(name);
        match &parts[..] {
            [first, fields @ ..] if self.index(name).is_err() && self.is_struct(first) => {
                let mut value = self.column(self.index(first)?);
                for field in fields {
                    value = self.field_of(value, field, name)?;
                }
                let last = fields.last().unwrap_or(first);
                Ok((last.clone(), value))
            }
            _ => {
                let (name, index) = self.attribute(name)?;
                Ok((name, self.column(index)))
            }
        }
    }

    /// A field of a struct by its name in any case, or a value of a map by its key.
    fn field_of(&self, value: Expr, field: &str, whole: &str) -> Result<Expr> {
        let unknown = |candidates: Vec<String>| Error::UnknownColumn {
            name: whole.to_owned(),
            candidates,
            offset: None,
        };
        match value.get_type(self.plan.schema())? {
            ArrowType::Map(..) => Ok(SparkItem::call(value, field)),
            ArrowType::Struct(members) => {
                let lower = field.to_lowercase();
                let mut names = members.iter().map(|member| member.name().clone());
                match names.find(|name| name.to_lowercase() == lower) {
                    Some(_) => Ok(SparkItem::call(value, field)),
                    None => Err(unknown(members.iter().map(|m| m.name().clone()).collect())),
                }
            }
            _ => Err(unknown(self.names.to_vec())),
        }
    }

    fn is_struct(&self, name: &str) -> bool {
        let kind = self
            .index(name)
            .ok()
            .map(|index| self.plan.schema().field(index).data_type());
        let kind = kind.and_then(|kind| DataType::from_arrow(kind).ok());
        matches!(kind, Some(DataType::Struct(_) | DataType::Map(..)))
    }
}

/// The parts of a name between the dots that stand in no backticks, without these; a doubled backtick is one.
fn attribute_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let part = parts.len() - 1;
        match letter {
            '`' if quoted && letters.peek() == Some(&'`') => {
                letters.next();
                parts[part].push('`');
            }
            '`' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            letter => parts[part].push(letter),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Join, RunSettings, Session};

    /// Names that a parser could take apart.
    const NAMES: [&str; 7] = ["a.b", "c d", "it's \"q\"", "n#1", "größe", "UPPER", "ba`ck"];

    fn session() -> Session {
        Session::new(&RunSettings::default()).unwrap()
    }

    fn quoted(name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    #[test]
    fn a_name_of_any_letters_stands_for_its_column_everywhere() {
        let columns = NAMES.map(|name| (name, "int"));
        for name in NAMES {
            let frame = session().empty(columns).unwrap();
            let (quoted, other) = (quoted(name), session().empty(columns).unwrap());
            let kept = frame
                .filter(&format!("{quoted} + 1 > 2"))
                .and_then(|frame| frame.cast([(name, "bigint")]))
                .and_then(|frame| frame.with_column(name, &format!("{quoted} * 2")))
                .and_then(|frame| frame.drop_duplicates([name]))
                .and_then(|frame| frame.join(other, [name], Join::Full))
                .and_then(|frame| frame.select([quoted.as_str()]))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(kept.columns(), [name]);
            assert_eq!(kept.clone().drop([name]).unwrap().columns().len(), 0);
        }
    }

    #[test]
    fn rows_of_columns_of_any_name_come_through() {
        let directory = tempfile::tempdir().unwrap();
        let (input, output) = (
            directory.path().join("in.csv"),
            directory.path().join("out"),
        );
        std::fs::write(&input, "1,x\n1,x\n2,y\n").unwrap();
        let read = |names: [(&str, &str); 2]| {
            let reader = session().read().schema(names);
            reader.csv(&input.display().to_string()).unwrap()
        };
        let left = read([("a.b", "int"), ("UPPER it's", "string")]);
        let right = read([("A.B", "int"), ("größe#1", "string")]);
        left.filter("`a.b` = 1")
            .and_then(|frame| frame.drop_duplicates(["a.b"]))
            .and_then(|frame| frame.cast([("`a.b`", "bigint")]))
            .and_then(|frame| frame.join(right.drop_duplicates(["A.B"])?, ["a.b"], Join::Inner))
            .and_then(|frame| frame.select(["`größe#1`", "UPPER it's", "a.b"]))
            .and_then(|frame| frame.write().csv(&output.display().to_string()))
            .and_then(crate::Load::run)
            .unwrap();
        assert_eq!(written(&output), "x,x,1\n");
    }

    fn written(directory: &std::path::Path) -> String {
        let files = std::fs::read_dir(directory).unwrap();
        let data = files
            .map(|file| file.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
        data.map(|path| std::fs::read_to_string(path).unwrap())
            .collect()
    }

    #[test]
    fn a_nested_field_can_be_selected_and_is_refused_elsewhere_with_a_way_out() {
        let frame = session().empty([("st", "struct<f:int>")]).unwrap();
        let error = frame.clone().cast([("st.f", "int")]).unwrap_err();
        assert!(error.to_string().contains("withColumn"), "{error}");
        assert_eq!(frame.clone().select(["st.F"]).unwrap().columns(), ["F"]);
        assert!(frame.select(["st.g"]).is_err());
    }

    #[test]
    fn a_name_with_a_dot_that_nothing_has_is_unknown_as_a_whole() {
        let frame = session().empty([("a", "int")]).unwrap();
        let error = frame.select(["x.y"]).unwrap_err().to_string();
        assert!(error.contains("no column `x.y`"), "{error}");
    }

    #[test]
    fn names_fall_apart_at_dots_outside_of_backticks() {
        for (name, parts) in [
            ("a.b", vec!["a", "b"]),
            ("`a.b`", vec!["a.b"]),
            ("`a``b`.c", vec!["a`b", "c"]),
        ] {
            assert_eq!(attribute_parts(name), parts);
        }
    }
}
