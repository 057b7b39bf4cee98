//! The code of every diagnostic, in one place.
//!
//! A code never changes its meaning: people search for it, and scripts filter by it.
//!
//! | range | about |
//! | --- | --- |
//! | `S00xx` | the compiler itself |
//! | `S01xx` | reading a file, and its syntax |
//! | `S02xx` | the model of a workflow, and references between its parts |
//! | `S03xx` | columns, types and expressions |
//! | `S04xx` | what the format has and this version does not support yet |

/// The engine, which checks columns and expressions, cannot start.
pub const ENGINE: &str = "S0001";

/// A file cannot be read, or is not text.
pub const UNREADABLE: &str = "S0101";
/// A file breaks the syntax of its format.
pub const SYNTAX: &str = "S0102";
/// One object has the same key twice.
pub const DUPLICATE_KEY: &str = "S0103";
/// A file's extension names no format that is known.
pub const UNKNOWN_EXTENSION: &str = "S0104";

/// An object has a field that the format does not know.
pub const UNKNOWN_FIELD: &str = "S0201";
/// An object lacks a field that the format asks for.
pub const MISSING_FIELD: &str = "S0202";
/// A value is of another type than the format asks for.
pub const WRONG_TYPE: &str = "S0203";
/// A name is none of the few that are possible in its place.
pub const UNKNOWN_NAME: &str = "S0204";
/// A value has the right type, and makes no sense.
pub const INVALID_VALUE: &str = "S0205";
/// Two steps of a job, or two jobs, have one id.
pub const DUPLICATE_ID: &str = "S0206";
/// A step reads a step that does not exist, or does not come before it.
pub const UNKNOWN_UPSTREAM: &str = "S0207";
/// A schema cannot be read, or is not Spark's schema JSON.
pub const SCHEMA: &str = "S0208";
/// A reader or writer has no such option, or the option cannot hold the value.
pub const OPTION: &str = "S0209";
/// The alert section breaks the format.
pub const ALERT: &str = "S0210";
/// A secret would become part of the binary.
pub const SECRET: &str = "S0211";
/// A load writes where another one writes, or where its job reads.
pub const OUTPUTS: &str = "S0214";
/// A part of a workflow or of its alerts does nothing.
pub const NO_EFFECT: &str = "S0215";

/// A frame has no such column, or several of that name.
pub const COLUMN: &str = "S0301";
/// An expression is not valid Spark SQL, or does not fit the columns.
pub const EXPRESSION: &str = "S0302";
/// A name is no Spark type.
pub const TYPE: &str = "S0303";
/// Spark does not cast between two types.
pub const CAST: &str = "S0304";
/// A format cannot hold the columns that a load would write.
pub const OUTPUT: &str = "S0305";

/// The format has it, and this version does not support it yet.
pub const NOT_SUPPORTED: &str = "S0402";
