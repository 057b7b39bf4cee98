//! What the names of an expression stand for: the columns of a frame, and the variables of the lambdas around a place.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, DFSchema, DataFusionError};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::sql::sqlparser::ast::Ident;

use crate::engine::DataFrame;
use crate::error::{Error, Result, sentence};

/// The names that an expression may use.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub frame: &'a DataFrame,
    pub text: &'a str,
    /// Of the columns and the variables, each under the name that it has in the plan.
    pub schema: DFSchema,
    variables: Vec<(String, FieldRef)>,
    /// Whether functions of windows have a place here.
    pub windows: bool,
}

impl<'a> Scope<'a> {
    pub fn of(frame: &'a DataFrame, text: &'a str) -> Self {
        Self {
            frame,
            text,
            schema: frame.plan.schema().as_ref().clone(),
            variables: Vec::new(),
            windows: false,
        }
    }

    pub fn with_windows(self) -> Self {
        Self {
            windows: true,
            ..self
        }
    }

    pub fn state(&self) -> &SessionState {
        self.frame.session.state()
    }

    /// The scope within a lambda: its variables hide what has the same name, in any case.
    pub fn within(&self, variables: Vec<(String, FieldRef)>) -> Result<Self, DataFusionError> {
        let fields = variables.iter().map(|(_, field)| Arc::clone(field));
        Ok(Self {
            schema: with_fields(&self.schema, fields)?,
            variables: [self.variables.clone(), variables].concat(),
            windows: false,
            ..*self
        })
    }

    /// A field for a variable, whose name in the plan no other has.
    pub fn variable(&self, name: &str, place: usize, kind: &Field) -> FieldRef {
        let numbered = (0..).map(|more| format!("{name}#{}", self.variables.len() + place + more));
        let mut free = numbered.filter(|name| !self.schema.has_column_with_unqualified_name(name));
        // There is always a higher number.
        let name = free.next().unwrap_or_default();
        Arc::new(kind.clone().with_name(name))
    }

    /// The name that a variable was declared by.
    pub fn declared(&self, name: &str) -> Option<&str> {
        self.innermost(name).map(|(name, _)| name.as_str())
    }

    /// What a name stands for: its name in the plan, and its type.
    ///
    /// # Errors
    ///
    /// If it is nothing's name, or that of several columns.
    pub fn resolve(&self, name: &str) -> Result<(Ident, DataType)> {
        let field = match self.innermost(name) {
            Some((_, field)) => field,
            None => self.frame.plan.schema().field(self.frame.index(name)?),
        };
        let name = Ident::with_quote('`', field.name());
        Ok((name, field.data_type().clone()))
    }

    fn innermost(&self, name: &str) -> Option<&(String, FieldRef)> {
        let lower = name.to_lowercase();
        let mut inside_out = self.variables.iter().rev();
        inside_out.find(|(name, _)| name.to_lowercase() == lower)
    }

    /// An error at a place of the expression.
    pub fn wrong(&self, error: &DataFusionError, offset: Option<usize>) -> Error {
        let message = sentence(error);
        Error::Expression {
            expression: self.text.to_owned(),
            offset: offset.or_else(|| self.literal_in(&message)),
            message: in_sparks_terms(message),
        }
    }

    /// The place of the literal text that a message names, if it stands once in the expression.
    fn literal_in(&self, message: &str) -> Option<usize> {
        let mut named = message.split('`').skip(1).step_by(2);
        named.find_map(|name| {
            let literal = format!("'{name}'");
            let mut places = self.text.match_indices(&literal);
            let (at, _) = places.next()?;
            places.next().is_none().then_some(at)
        })
    }
}

/// What the engine says of a call or an operator that it does not take, without its own names of types.
fn in_sparks_terms(message: String) -> String {
    const OF_CALLS: [&str; 4] = [
        "No function matches",
        "failed to match any signature",
        "user-defined coercion failed",
        "Failed to coerce arguments",
    ];
    if message.starts_with("Unary operator 'NOT'") {
        return "NOT takes a boolean".to_owned();
    }
    if message.starts_with("Unary operator '-'") {
        return "`-` takes a number: cast what is none".to_owned();
    }
    if !OF_CALLS.iter().any(|words| message.contains(words)) {
        return message;
    }
    let quoted = message.split('\'').nth(1);
    match quoted.and_then(|call| call.split('(').next()) {
        Some(name) => format!("`{name}` does not take arguments of these types, or as many"),
        None => "a function does not take arguments of these types, or as many".to_owned(),
    }
}

/// Parts of an expression that are planned before the whole, which names them by columns that no one can name.
#[derive(Default)]
pub(super) struct Planned(Vec<Expr>);

impl Planned {
    const NAME: &str = "\0planned ";

    /// Keeps a part, and gives the name that stands for it.
    pub fn keep(&mut self, part: Expr) -> Ident {
        self.0.push(part);
        Ident::with_quote('`', format!("{}{}", Self::NAME, self.0.len() - 1))
    }

    pub fn is_name(name: &Ident) -> bool {
        name.value.starts_with(Self::NAME)
    }

    /// The part that a column stands for.
    pub fn part(&self, node: &Expr) -> Option<&Expr> {
        let Expr::Column(Column { name, .. }) = node else {
            return None;
        };
        self.0
            .get(name.strip_prefix(Self::NAME)?.parse::<usize>().ok()?)
    }

    /// The schema with a column for each part.
    ///
    /// # Errors
    ///
    /// If a part has no type.
    pub fn added_to(&self, schema: &DFSchema) -> Result<DFSchema, DataFusionError> {
        use datafusion::logical_expr::ExprSchemable as _;
        if self.0.is_empty() {
            return Ok(schema.clone());
        }
        let fields = self.0.iter().enumerate().map(|(at, part)| {
            let name = format!("{}{at}", Self::NAME);
            let (kind, nullable) = (part.get_type(schema)?, part.nullable(schema)?);
            Ok(Arc::new(Field::new(name, kind, nullable)))
        });
        let fields = fields.collect::<Result<Vec<_>, DataFusionError>>()?;
        with_fields(schema, fields)
    }
}

fn with_fields(
    schema: &DFSchema,
    fields: impl IntoIterator<Item = FieldRef>,
) -> Result<DFSchema, DataFusionError> {
    let own = schema
        .iter()
        .map(|(table, field)| (table.cloned(), Arc::clone(field)));
    let more = fields.into_iter().map(|field| (None, field));
    DFSchema::new_with_metadata(own.chain(more).collect(), schema.metadata().clone())
}
