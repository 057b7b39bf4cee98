//! Spark's types: their names, their JSON, and the Arrow types that hold them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use datafusion::arrow::datatypes::{self as arrow, Fields, TimeUnit};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// A Spark SQL type.
///
/// Parsed from the names that Spark's `CAST`, DDL and schema JSON use, without regard to case, and displayed as Spark's simple string.
///
/// # Examples
///
/// ```
/// let amount: samara::DataType = "DECIMAL(10, 2)".parse()?;
/// assert_eq!(amount.to_string(), "decimal(10,2)");
/// assert_eq!("long".parse::<samara::DataType>()?.to_string(), "bigint");
/// # Ok::<(), samara::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataType {
    /// 8 bits, signed.
    Byte,
    /// 16 bits, signed.
    Short,
    /// 32 bits, signed.
    Integer,
    /// 64 bits, signed.
    Long,
    /// IEEE 754, 32 bits.
    Float,
    /// IEEE 754, 64 bits.
    Double,
    /// Exact decimal number: precision (1 to 38) and scale.
    Decimal(u8, i8),
    /// UTF-8 text.
    String,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// An instant, in microseconds, shown in the session's time zone.
    Timestamp,
    /// A date and time of day without a time zone.
    TimestampNtz,
    /// Bytes.
    Binary,
    /// Named fields.
    Struct(Vec<Field>),
    /// A list of elements of one type.
    Array(Box<DataType>),
    /// Keys and values.
    Map(Box<DataType>, Box<DataType>),
    /// Nothing but null.
    Void,
}

/// A named column or struct field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, in the case in which it was declared.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// Whether null may occur.
    pub nullable: bool,
}

/// The columns of a frame, in order: Spark's `StructType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The columns.
    pub fields: Vec<Field>,
}

impl Schema {
    /// Reads Spark's schema JSON: `{"type":"struct","fields":[…]}`, where `type` and every `metadata` may be absent.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] says what is not as it should be, and of which field.
    ///
    /// # Examples
    ///
    /// ```
    /// let schema = samara::Schema::from_json(r#"{"fields":[{"name":"id","type":"long","nullable":false}]}"#)?;
    /// assert_eq!(schema.fields[0].data_type, samara::DataType::Long);
    /// # Ok::<(), samara::Error>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(not_json)?;
        Ok(Self {
            fields: fields_from_json(&value, "the schema")?,
        })
    }

    /// Spark's schema JSON, as `DataFrame.schema.json()` gives it.
    pub fn to_json(&self) -> String {
        let fields: Fields = self.fields.iter().map(Field::to_arrow).collect();
        match schema_to_json(&fields) {
            Ok(json) => json,
            Err(error) => unreachable!("the Arrow type of a Spark type has a Spark type: {error}"),
        }
    }

    /// The schema of a frame's Arrow schema.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] for an Arrow type that Spark has no name for.
    pub(crate) fn from_arrow(fields: &Fields) -> Result<Self> {
        Ok(Self {
            fields: fields
                .iter()
                .map(|f| Field::from_arrow(f))
                .collect::<Result<_>>()?,
        })
    }
}

impl Field {
    fn from_arrow(field: &arrow::Field) -> Result<Self> {
        Ok(Self {
            name: field.name().clone(),
            data_type: DataType::from_arrow(field.data_type())?,
            nullable: field.is_nullable(),
        })
    }

    pub(crate) fn to_arrow(&self) -> arrow::Field {
        arrow::Field::new(&self.name, self.data_type.to_arrow(), self.nullable)
    }
}

impl DataType {
    /// The Arrow type that holds this type.
    pub(crate) fn to_arrow(&self) -> arrow::DataType {
        match self {
            Self::Byte => arrow::DataType::Int8,
            Self::Short => arrow::DataType::Int16,
            Self::Integer => arrow::DataType::Int32,
            Self::Long => arrow::DataType::Int64,
            Self::Float => arrow::DataType::Float32,
            Self::Double => arrow::DataType::Float64,
            Self::Decimal(precision, scale) => arrow::DataType::Decimal128(*precision, *scale),
            Self::String => arrow::DataType::Utf8,
            Self::Boolean => arrow::DataType::Boolean,
            Self::Date => arrow::DataType::Date32,
            Self::Timestamp => {
                arrow::DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            Self::TimestampNtz => arrow::DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Binary => arrow::DataType::Binary,
            Self::Struct(fields) => {
                arrow::DataType::Struct(fields.iter().map(Field::to_arrow).collect())
            }
            Self::Array(element) => arrow::DataType::new_list(element.to_arrow(), true),
            Self::Map(key, value) => arrow::DataType::Map(map_entries(key, value), false),
            Self::Void => arrow::DataType::Null,
        }
    }

    /// The type that an Arrow type holds.
    pub(crate) fn from_arrow(data_type: &arrow::DataType) -> Result<Self> {
        use arrow::DataType as A;
        Ok(match data_type {
            A::Int8 => Self::Byte,
            A::Int16 | A::UInt8 => Self::Short,
            A::Int32 | A::UInt16 => Self::Integer,
            A::Int64 | A::UInt32 | A::UInt64 => Self::Long,
            A::Float16 | A::Float32 => Self::Float,
            A::Float64 => Self::Double,
            A::Decimal32(p, s) | A::Decimal64(p, s) | A::Decimal128(p, s) => Self::Decimal(*p, *s),
            A::Decimal256(p, s) if *p <= 38 => Self::Decimal(*p, *s),
            A::Utf8 | A::LargeUtf8 | A::Utf8View => Self::String,
            A::Boolean => Self::Boolean,
            A::Date32 | A::Date64 => Self::Date,
            A::Timestamp(_, Some(_)) => Self::Timestamp,
            A::Timestamp(_, None) => Self::TimestampNtz,
            A::Binary | A::LargeBinary | A::BinaryView | A::FixedSizeBinary(_) => Self::Binary,
            A::Struct(fields) => Self::Struct(Schema::from_arrow(fields)?.fields),
            A::List(item) | A::LargeList(item) => {
                Self::Array(Box::new(Self::from_arrow(item.data_type())?))
            }
            A::Map(entries, _) => match entries.data_type() {
                A::Struct(pair) if pair.len() == 2 => Self::Map(
                    Box::new(Self::from_arrow(pair[0].data_type())?),
                    Box::new(Self::from_arrow(pair[1].data_type())?),
                ),
                other => return Err(Error::Schema(format!("a map of {other} has no Spark type"))),
            },
            A::Null => Self::Void,
            A::Interval(_) | A::Duration(_) => {
                let message = "intervals as values are not supported yet: an interval is added to a date or a timestamp, or subtracted";
                return Err(Error::Schema(message.to_owned()));
            }
            other => {
                return Err(Error::Schema(format!(
                    "the engine's type {other} has no Spark type"
                )));
            }
        })
    }

    /// Whether this is the type of null alone, or is made of it.
    pub(crate) fn holds_void(&self) -> bool {
        match self {
            Self::Void => true,
            Self::Array(element) => element.holds_void(),
            Self::Map(key, value) => key.holds_void() || value.holds_void(),
            Self::Struct(fields) => fields.iter().any(|field| field.data_type.holds_void()),
            _ => false,
        }
    }

    fn from_json(value: &Value, of: &str) -> Result<Self> {
        match value {
            Value::String(name) => name.parse(),
            Value::Object(object) => match object.get("type").and_then(Value::as_str) {
                Some("struct") => Ok(Self::Struct(fields_from_json(value, of)?)),
                Some("array") => Ok(Self::Array(Box::new(Self::from_json(
                    &value["elementType"],
                    of,
                )?))),
                Some("map") => Ok(Self::Map(
                    Box::new(Self::from_json(&value["keyType"], of)?),
                    Box::new(Self::from_json(&value["valueType"], of)?),
                )),
                _ => Err(Error::Schema(format!(
                    "{of} has no known `type`: struct, array or map"
                ))),
            },
            _ => Err(Error::Schema(format!("{of} has no `type`"))),
        }
    }
}

fn not_json(error: serde_json::Error) -> Error {
    let message = error.to_string();
    Error::Schema(match message.strip_prefix("recursion limit exceeded") {
        Some(place) => format!("the schema is nested too deeply: more than 127 levels{place}"),
        None => message,
    })
}

/// A type in Spark's schema JSON, its members in Spark's order.
#[derive(Serialize)]
#[serde(untagged)]
enum JsonType {
    Name(String),
    Nested(JsonNested),
}

#[derive(Serialize)]
#[serde(
    tag = "type",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
enum JsonNested {
    Struct {
        fields: Vec<JsonField>,
    },
    Array {
        element_type: Box<JsonType>,
        contains_null: bool,
    },
    Map {
        key_type: Box<JsonType>,
        value_type: Box<JsonType>,
        value_contains_null: bool,
    },
}

#[derive(Serialize)]
struct JsonField {
    name: String,
    r#type: JsonType,
    nullable: bool,
    metadata: serde_json::Map<String, Value>,
}

/// The schema JSON of the columns of a frame's Arrow schema, which knows of arrays and maps, too, whether they hold nulls.
///
/// # Errors
///
/// [`Error::Schema`] for an Arrow type that Spark has no name for.
pub(crate) fn schema_to_json(fields: &Fields) -> Result<String> {
    match serde_json::to_string(&struct_to_json(fields)?) {
        Ok(json) => Ok(json),
        Err(error) => unreachable!("names, flags and lists can always be written: {error}"),
    }
}

fn struct_to_json(fields: &Fields) -> Result<JsonNested> {
    let field = |field: &arrow::FieldRef| {
        Ok(JsonField {
            name: field.name().clone(),
            r#type: type_to_json(field.data_type())?,
            nullable: field.is_nullable(),
            metadata: serde_json::Map::new(),
        })
    };
    Ok(JsonNested::Struct {
        fields: fields.iter().map(field).collect::<Result<_>>()?,
    })
}

fn type_to_json(kind: &arrow::DataType) -> Result<JsonType> {
    use arrow::DataType as A;
    Ok(match kind {
        A::Struct(fields) => JsonType::Nested(struct_to_json(fields)?),
        A::List(element) | A::LargeList(element) => JsonType::Nested(JsonNested::Array {
            element_type: Box::new(type_to_json(element.data_type())?),
            contains_null: element.is_nullable(),
        }),
        A::Map(entries, _) => match entries.data_type() {
            A::Struct(pair) if pair.len() == 2 => JsonType::Nested(JsonNested::Map {
                key_type: Box::new(type_to_json(pair[0].data_type())?),
                value_type: Box::new(type_to_json(pair[1].data_type())?),
                value_contains_null: pair[1].is_nullable(),
            }),
            other => return Err(Error::Schema(format!("a map of {other} has no Spark type"))),
        },
        simple => JsonType::Name(match DataType::from_arrow(simple)? {
            DataType::Byte => "byte".to_owned(),
            DataType::Short => "short".to_owned(),
            DataType::Integer => "integer".to_owned(),
            DataType::Long => "long".to_owned(),
            other => other.to_string(),
        }),
    })
}

fn map_entries(key: &DataType, value: &DataType) -> arrow::FieldRef {
    let pair = Fields::from(vec![
        arrow::Field::new("key", key.to_arrow(), false),
        arrow::Field::new("value", value.to_arrow(), true),
    ]);
    Arc::new(arrow::Field::new(
        "entries",
        arrow::DataType::Struct(pair),
        false,
    ))
}

fn fields_from_json(value: &Value, of: &str) -> Result<Vec<Field>> {
    let fields = value.get("fields").and_then(Value::as_array);
    let fields = fields.ok_or_else(|| Error::Schema(format!("{of} has no list `fields`")))?;
    fields.iter().map(field_from_json).collect()
}

fn field_from_json(value: &Value) -> Result<Field> {
    let name = value.get("name").and_then(Value::as_str);
    let name = name.ok_or_else(|| Error::Schema(format!("a field without a `name`: {value}")))?;
    Ok(Field {
        name: name.to_owned(),
        data_type: DataType::from_json(&value["type"], &format!("field `{name}`"))?,
        nullable: value
            .get("nullable")
            .and_then(Value::as_bool)
            .unwrap_or(true),
    })
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte => f.write_str("tinyint"),
            Self::Short => f.write_str("smallint"),
            Self::Integer => f.write_str("int"),
            Self::Long => f.write_str("bigint"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::String => f.write_str("string"),
            Self::Boolean => f.write_str("boolean"),
            Self::Date => f.write_str("date"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::TimestampNtz => f.write_str("timestamp_ntz"),
            Self::Binary => f.write_str("binary"),
            Self::Void => f.write_str("void"),
            Self::Array(element) => write!(f, "array<{element}>"),
            Self::Map(key, value) => write!(f, "map<{key},{value}>"),
            Self::Struct(fields) => {
                f.write_str("struct<")?;
                for (i, field) in fields.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{}:{}", quoted(&field.name), field.data_type)?;
                }
                f.write_str(">")
            }
        }
    }
}

/// The name as it may stand inside a type: in backticks where it would be read as something else.
fn quoted(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        name.to_owned()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

impl FromStr for DataType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        check_depth(text)?;
        let mut rest = text;
        parse_type(&mut rest)
            .filter(|_| rest.trim().is_empty())
            .ok_or_else(|| Error::UnknownType {
                name: text.to_owned(),
            })
    }
}

/// A type with more levels than this is refused.
const MOST_LEVELS: usize = 500;

/// Refuses a type of too many levels, before anything goes down these levels.
fn check_depth(text: &str) -> Result<()> {
    let (mut depth, mut is_name) = (0_usize, false);
    for byte in text.bytes() {
        match byte {
            b'`' => is_name = !is_name,
            _ if is_name => {}
            b'<' | b'(' => depth += 1,
            b'>' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MOST_LEVELS {
            return Err(Error::Schema(format!(
                "a type is nested too deeply: more than {MOST_LEVELS} levels"
            )));
        }
    }
    Ok(())
}

/// Takes a type off the front of `rest`.
fn parse_type(rest: &mut &str) -> Option<DataType> {
    let name = take_name(rest)?.to_lowercase();
    Some(match name.as_str() {
        "byte" | "tinyint" => DataType::Byte,
        "short" | "smallint" => DataType::Short,
        "int" | "integer" => DataType::Integer,
        "long" | "bigint" => DataType::Long,
        "float" | "real" => DataType::Float,
        "double" => DataType::Double,
        "string" => parse_collation(rest)?,
        "varchar" | "char" | "character" => {
            parse_length(rest)?;
            DataType::String
        }
        "boolean" => DataType::Boolean,
        "date" => DataType::Date,
        "timestamp" if take_words(rest, &["without", "time", "zone"]) => DataType::TimestampNtz,
        "timestamp" => {
            take_words(rest, &["with", "local", "time", "zone"]);
            DataType::Timestamp
        }
        "timestamp_ltz" => DataType::Timestamp,
        "timestamp_ntz" => DataType::TimestampNtz,
        "binary" => DataType::Binary,
        "void" => DataType::Void,
        "decimal" | "dec" | "numeric" => parse_decimal(rest)?,
        "array" => {
            take(rest, "<")?;
            let element = parse_type(rest)?;
            take(rest, ">")?;
            DataType::Array(Box::new(element))
        }
        "map" => {
            take(rest, "<")?;
            let key = parse_type(rest)?;
            take(rest, ",")?;
            let value = parse_type(rest)?;
            take(rest, ">")?;
            DataType::Map(Box::new(key), Box::new(value))
        }
        "struct" => parse_struct(rest)?,
        _ => return None,
    })
}

/// The rest of `decimal`, `decimal(p)` or `decimal(p,s)`; Spark's default is `decimal(10,0)`.
fn parse_decimal(rest: &mut &str) -> Option<DataType> {
    if take(rest, "(").is_none() {
        return Some(DataType::Decimal(10, 0));
    }
    let precision: u8 = take_name(rest)?.parse().ok()?;
    let scale: i8 = match take(rest, ",") {
        Some(()) => take_name(rest)?.parse().ok()?,
        None => 0,
    };
    take(rest, ")")?;
    let fits = (1..=38).contains(&precision) && scale <= precision.cast_signed();
    fits.then_some(DataType::Decimal(precision, scale))
}

fn parse_struct(rest: &mut &str) -> Option<DataType> {
    take(rest, "<")?;
    let mut fields = Vec::new();
    while take(rest, ">").is_none() {
        if !fields.is_empty() {
            take(rest, ",")?;
        }
        let name = take_field_name(rest)?;
        let _optional_colon = take(rest, ":");
        let data_type = parse_type(rest)?;
        skip_comment(rest)?;
        fields.push(Field {
            name,
            data_type,
            nullable: true,
        });
    }
    Some(DataType::Struct(fields))
}

/// The length of a `varchar` or a `char`, which Spark's casts do not look at.
fn parse_length(rest: &mut &str) -> Option<()> {
    take(rest, "(")?;
    take_name(rest)?.parse::<u32>().ok()?;
    take(rest, ")")
}

/// The rest of `string` or `string collate name`; of the collations, the one that all texts have.
fn parse_collation(rest: &mut &str) -> Option<DataType> {
    if take_words(rest, &["collate"]) {
        let name = take_name(rest)?;
        name.eq_ignore_ascii_case("utf8_binary").then_some(())?;
    }
    Some(DataType::String)
}

/// What is said of a field of a struct, `COMMENT 'text'`.
fn skip_comment(rest: &mut &str) -> Option<()> {
    if take_words(rest, &["comment"]) {
        take(rest, "'")?;
        *rest = rest.split_once('\'')?.1;
    }
    Some(())
}

/// Takes words in any case, if they come next.
fn take_words(rest: &mut &str, words: &[&str]) -> bool {
    let mut after = *rest;
    let all = words
        .iter()
        .all(|word| take_name(&mut after).is_some_and(|name| name.eq_ignore_ascii_case(word)));
    if all {
        *rest = after;
    }
    all
}

/// Why a text is the name of no type.
pub(crate) fn why_no_type(text: &str) -> String {
    const OTHER_NAMES: [(&str, &str); 6] = [
        ("STRING", "text nvarchar nchar varchar2 clob longtext ntext"),
        ("BOOLEAN", "bool bit"),
        ("DECIMAL", "number money bignumeric"),
        (
            "TIMESTAMP",
            "datetime datetime2 timestamptz timestamptz_ltz",
        ),
        ("BINARY", "bytes bytea blob varbinary"),
        (
            "BIGINT, INT, SMALLINT or TINYINT",
            "int2 int4 int8 int64 int32 int16 mediumint hugeint unsigned",
        ),
    ];
    let mut rest = text;
    let Some(name) = take_name(&mut rest) else {
        return format!("`{text}` is not a type");
    };
    let lower = name.to_lowercase();
    let other = OTHER_NAMES
        .iter()
        .find(|(_, names)| names.split_whitespace().any(|name| name == lower));
    match (lower.as_str(), other) {
        (_, Some((sparks, _))) => format!("Spark has no type `{name}`; it has {sparks}"),
        ("varchar" | "char" | "character", _) => {
            format!("`{name}` needs a length, as `{name}(10)`; STRING has none")
        }
        ("interval", _) => "intervals as values are not supported yet".to_owned(),
        ("variant" | "time" | "geometry" | "geography", _) => {
            format!("Spark's type {} is not supported yet", name.to_uppercase())
        }
        ("string", _) if rest.trim_start().to_lowercase().starts_with("collate") => {
            "collations other than UTF8_BINARY are not supported yet".to_owned()
        }
        ("decimal" | "dec" | "numeric", _) => format!(
            "`{text}` is not a type: a decimal has 1 to 38 digits, and no more of them behind the point"
        ),
        ("array" | "map" | "struct", _) if !rest.trim_start().starts_with('<') => {
            format!("`{name}` says what is in it: array<int>, map<string,int>, struct<a: int>")
        }
        ("array" | "map" | "struct", _) => {
            format!("`{text}` is not a type: a type within it is none, or a bracket is missing")
        }
        _ if DataType::from_str(name).is_ok() => {
            format!("`{text}` is not a type: `{name}` takes nothing behind it")
        }
        _ => format!(
            "`{text}` is not a type; types are int, bigint, double, decimal(p,s), string, boolean, date, timestamp, …"
        ),
    }
}

fn take(rest: &mut &str, token: &str) -> Option<()> {
    *rest = rest.trim_start().strip_prefix(token)?;
    Some(())
}

fn take_name<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let text = rest.trim_start();
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    *rest = after;
    (!name.is_empty()).then_some(name)
}

fn take_field_name(rest: &mut &str) -> Option<String> {
    if take(rest, "`").is_none() {
        return take_name(rest).map(str::to_owned);
    }
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('`')?;
        name.push_str(part);
        *rest = after;
        match rest.strip_prefix('`') {
            Some(after) => {
                name.push('`');
                *rest = after;
            }
            None => return Some(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_type_is_understood_in_any_case() {
        for (name, simple) in [
            ("Integer", "int"),
            ("LONG", "bigint"),
            ("decimal", "decimal(10,0)"),
            ("decimal( 38 , 18 )", "decimal(38,18)"),
            (
                "array<struct<a:int,`b c`:map<string,double>>>",
                "array<struct<a:int,`b c`:map<string,double>>>",
            ),
            ("struct<a int, b string>", "struct<a:int,b:string>"),
        ] {
            assert_eq!(
                name.parse::<DataType>().unwrap().to_string(),
                simple,
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_no_type_is_refused_with_its_name() {
        for name in [
            "",
            "integr",
            "decimal(39,0)",
            "decimal(5,6)",
            "array<int",
            "int int",
        ] {
            let error = name.parse::<DataType>().unwrap_err();
            assert!(
                matches!(error, Error::UnknownType { name: n } if n == name),
                "{name}"
            );
        }
    }

    #[test]
    fn a_schema_comes_back_from_its_json_unchanged() {
        let text = r#"{"type":"struct","fields":[{"name":"a","type":{"type":"array","elementType":"long","containsNull":true},"nullable":false,"metadata":{}}]}"#;
        let schema = Schema::from_json(text).unwrap();
        assert_eq!(Schema::from_json(&schema.to_json()).unwrap(), schema);
        assert_eq!(schema.to_json(), text);
    }

    #[test]
    fn a_column_of_nulls_alone_is_of_type_void_however_deep_it_is() {
        let kind = DataType::from_arrow(&arrow::DataType::Null).unwrap();
        assert_eq!(
            (kind.to_string().as_str(), kind.holds_void()),
            ("void", true)
        );
        for (kind, holds) in [
            ("array<map<string,void>>", true),
            ("struct<a:int,b:void>", true),
            ("array<int>", false),
        ] {
            assert_eq!(
                kind.parse::<DataType>().unwrap().holds_void(),
                holds,
                "{kind}"
            );
        }
    }

    #[test]
    fn a_schema_without_fields_says_so() {
        let error = Schema::from_json(r#"{"type":"struct"}"#).unwrap_err();
        assert_eq!(error.to_string(), "schema: the schema has no list `fields`");
    }
}
