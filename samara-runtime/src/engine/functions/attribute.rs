use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::logical_expr::{Expr, ExprSchemable as _};

use crate::engine::DataFrame;
use crate::engine::sql::nested::SparkItem;
use crate::error::{Error, Result};

impl DataFrame {
    /// What a name stands for where Spark takes `col(name)`: the last part of the name, and the value.
    ///
    /// A dot outside of backticks takes a field out of a struct, or a value out of a map, whatever the names of other columns are. Elsewhere (the
    /// columns to drop, those of `dropDuplicates`, the keys of a join, the name of a new column) Spark takes a name as it stands, and
    /// [`DataFrame::index`] is what finds the column.
    pub(crate) fn attribute(&self, name: &str) -> Result<(String, Expr)> {
        let Some(parts) = attribute_parts(name) else {
            return Err(self.malformed(name));
        };
        let [first, fields @ ..] = &parts[..] else {
            return Err(self.malformed(name));
        };
        let index = match self.index(first) {
            Err(Error::UnknownColumn { .. }) if !self.indices(name).is_empty() => {
                return Err(self.malformed(name));
            }
            Err(Error::UnknownColumn { candidates, .. }) => {
                return Err(unknown(name, candidates));
            }
            found => found?,
        };
        let mut value = self.column(index);
        for field in fields {
            value = self.field_of(value, field, name)?;
        }
        Ok((parts.last().unwrap_or(first).clone(), value))
    }

    /// The fields of a struct, for a name that ends in `.*`.
    pub(crate) fn fields(&self, name: &str) -> Result<Vec<(String, Expr)>> {
        let (_, value) = self.attribute(name)?;
        let ArrowType::Struct(members) = value.get_type(self.plan.schema())? else {
            return Err(Error::Expression {
                expression: format!("{name}.*"),
                message: format!("`{name}` is no struct, so it has no fields"),
                offset: None,
            });
        };
        let field = |name: &String| (name.clone(), SparkItem::call(value.clone(), name));
        Ok(members.iter().map(|member| field(member.name())).collect())
    }

    /// A field of a struct by its name in any case, or of each struct of an array, or a value of a map by its key.
    fn field_of(&self, value: Expr, field: &str, whole: &str) -> Result<Expr> {
        let kind = value.get_type(self.plan.schema())?;
        let members = match &kind {
            ArrowType::Map(..) => return Ok(SparkItem::call(value, field)),
            ArrowType::Struct(members) => members,
            ArrowType::List(element) => match element.data_type() {
                ArrowType::Struct(members) => members,
                _ => return Err(unknown(whole, self.names.to_vec())),
            },
            _ => return Err(unknown(whole, self.names.to_vec())),
        };
        let lower = field.to_lowercase();
        let member = members.iter().find(|m| m.name().to_lowercase() == lower);
        match member {
            Some(member) => Ok(SparkItem::call(value, member.name())),
            None => Err(unknown(
                whole,
                members.iter().map(|member| member.name().clone()).collect(),
            )),
        }
    }

    /// A name that cannot be read, or that a column has which has to stand in backticks.
    fn malformed(&self, name: &str) -> Error {
        let message = match self.indices(name).is_empty() {
            true => "a name is parts with dots between them; a part with other signs stands in backticks".to_owned(),
            false => format!(
                "a name with a dot or a backtick stands in backticks: `{}`",
                name.replace('`', "``")
            ),
        };
        Error::Expression {
            expression: name.to_owned(),
            message,
            offset: None,
        }
    }
}

fn unknown(name: &str, candidates: Vec<String>) -> Error {
    Error::UnknownColumn {
        name: name.to_owned(),
        candidates,
        offset: None,
    }
}

/// The parts of a name between the dots that stand in no backticks, without these, as Spark's `parseAttributeName` finds them; a doubled backtick is
/// one. Nothing, if a backtick is not closed or stands within a part, or a part is missing.
fn attribute_parts(name: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = name;
    loop {
        let (part, after) = match rest.strip_prefix('`') {
            Some(quoted) => quoted_part(quoted)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        let is_quoted = rest.starts_with('`');
        if !is_quoted && part.contains('`') {
            return None;
        }
        parts.push(part);
        if after.is_empty() {
            break;
        }
        rest = after.strip_prefix('.')?;
    }
    let is_plain = parts.len() == 1;
    let has_empty = !name.contains('`') && parts.iter().any(String::is_empty);
    (is_plain || !has_empty).then_some(parts)
}

/// A part up to its closing backtick, and what is behind that.
fn quoted_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('`')?;
        part.push_str(before);
        match after.strip_prefix('`') {
            Some(more) => {
                part.push('`');
                rest = more;
            }
            None => return Some((part, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dropna, Join, RunSettings, Session};

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
                .and_then(|frame| frame.dropna(Dropna::any().subset([quoted.as_str()])))
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
            .and_then(|frame| frame.with_column("a.b", "cast(`a.b` as bigint)"))
            .and_then(|frame| frame.join(right.drop_duplicates(["A.B"])?, ["a.b"], Join::Inner))
            .and_then(|frame| frame.select(["`größe#1`", "UPPER it's", "`a.b`"]))
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
    fn a_dot_takes_a_field_although_a_column_has_the_whole_name() {
        let columns = [("s", "struct<a:int>"), ("s.a", "string")];
        let frame = session().empty(columns).unwrap();
        let kind = |name: &str| {
            let selected = frame.clone().select([name]).unwrap();
            let fields = selected.schema().unwrap().fields;
            (fields[0].name.clone(), fields[0].data_type.to_string())
        };
        assert_eq!(kind("s.A"), ("A".to_owned(), "int".to_owned()));
        assert_eq!(kind("`s.a`"), ("s.a".to_owned(), "string".to_owned()));
        assert_eq!(frame.clone().drop(["s.a"]).unwrap().columns(), ["s"]);
    }

    #[test]
    fn a_column_with_a_dot_outside_of_backticks_is_refused_with_the_way_out() {
        let frame = session().empty([("x.y", "int")]).unwrap();
        let error = frame.select(["x.y"]).unwrap_err().to_string();
        assert!(error.contains("stands in backticks: `x.y`"), "{error}");
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
            ("", vec![""]),
        ] {
            assert_eq!(attribute_parts(name).unwrap(), parts);
        }
        for name in ["a.", ".a", "a..b", "`a", "a`b", "`a`b"] {
            assert_eq!(attribute_parts(name), None, "{name}");
        }
    }
}
