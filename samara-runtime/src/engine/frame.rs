//! Frames: rows on their way, not yet computed.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use datafusion::common::Column;
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::engine::boundary;
use crate::engine::projection::{projected, projection};
use crate::engine::session::Session;
use crate::engine::share::{self, SharedTable};
use crate::engine::types::{Schema, schema_to_json};
use crate::engine::write::Writer;
use crate::error::{Error, Result};
use crate::step::OpenStep;

/// Rows with named columns, as Spark's `DataFrame`: a plan, which is run when it is [written](DataFrame::write).
///
/// Each function of a workflow is a method that takes the frame and gives the next one. Names of columns are found without regard to case, as in
/// Spark, and keep the case in which they were declared.
///
/// # Examples
///
/// ```
/// use samara::{Join, Session, RunSettings};
///
/// let session = Session::new(&RunSettings::default())?;
/// let customers = session.empty([("customer_id", "bigint"), ("name", "string")])?;
/// let orders = session.empty([("order_id", "bigint"), ("customer_id", "bigint"), ("amount", "decimal(10,2)")])?;
/// let joined = customers
///     .join(orders, ["customer_id"], Join::Inner)?
///     .filter("amount > 10")?
///     .with_column("vat", "amount * 0.2")?
///     .select(["name", "order_id", "vat"])?;
/// assert_eq!(joined.columns(), ["name", "order_id", "vat"]);
/// # Ok::<(), samara::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DataFrame {
    pub(crate) session: Session,
    pub(crate) plan: LogicalPlan,
    /// For each column of the plan, the name that the user knows it by. The plan's own names are unique; these need not be.
    pub(crate) names: ColumnNames,
}

impl DataFrame {
    /// A frame over a plan, whose columns lose the name of the table that they come from.
    pub(crate) fn unqualified(session: Session, plan: LogicalPlan) -> Result<Self> {
        let fields = plan.schema().fields().iter();
        let names: Vec<String> = fields.map(|field| field.name().clone()).collect();
        Ok(Self {
            session,
            plan: without_qualifiers(plan)?,
            names: names.into(),
        })
    }

    /// The frame with another plan for the same columns.
    pub(crate) fn with_plan(self, plan: LogicalPlan) -> Self {
        Self { plan, ..self }
    }

    /// The frame of the given columns: the name that the user knows, and how it is computed from this frame's.
    pub(crate) fn project(self, columns: Vec<(String, Expr)>) -> Result<Self> {
        let (names, values): (Vec<String>, Vec<Expr>) = columns.into_iter().unzip();
        let mut unique = Names::default();
        let named = names.iter().map(|name| unique.add(name)).zip(values);
        let plan = projected(self.plan, named.collect())?;
        Ok(Self {
            session: self.session,
            plan,
            names: names.into(),
        })
    }

    /// Every column as it is.
    pub(crate) fn all(&self) -> Vec<(String, Expr)> {
        (0..self.names.len())
            .map(|index| (self.names[index].clone(), self.column(index)))
            .collect()
    }

    /// The column at an index, as an expression.
    pub(crate) fn column(&self, index: usize) -> Expr {
        Expr::Column(Column::new_unqualified(
            self.plan.schema().field(index).name(),
        ))
    }

    /// The indices of all columns of that name, in any case.
    pub(crate) fn indices(&self, name: &str) -> Vec<usize> {
        self.names.indices(name).to_vec()
    }

    /// The index of the one column of that name, in any case.
    pub(crate) fn index(&self, name: &str) -> Result<usize> {
        match *self.names.indices(name) {
            [index] => Ok(index),
            [] => Err(Error::UnknownColumn {
                name: name.to_owned(),
                candidates: self.names.to_vec(),
                offset: None,
            }),
            _ => Err(Error::AmbiguousColumn {
                name: name.to_owned(),
            }),
        }
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.names
    }

    /// The columns with their types, as Spark names them.
    ///
    /// # Errors
    ///
    /// [`Error::Schema`] if an expression gave a column a type that Spark does not have.
    pub fn schema(&self) -> Result<Schema> {
        let mut schema = Schema::from_arrow(self.plan.schema().fields())?;
        schema
            .fields
            .iter_mut()
            .zip(self.names.iter())
            .for_each(|(field, name)| field.name.clone_from(name));
        Ok(schema)
    }

    /// The frame with rows that are computed once, when they are first read, and kept for whoever reads them later: in memory while there is
    /// some, else on disk. They are let go of with the last frame and load that read them.
    ///
    /// Loads that are [run](Session::run) together share their work without it. It is for what is read at different times, as by a
    /// [`pivot`](DataFrame::pivot) and by a load.
    ///
    /// # Errors
    ///
    /// None that a frame of this crate's functions causes.
    ///
    /// # Examples
    ///
    /// ```
    /// use samara::{RunSettings, Session};
    ///
    /// let sales = Session::new(&RunSettings::default())?.empty([("shop", "string"), ("quarter", "int"), ("amount", "double")])?.cache()?;
    /// let by_quarter = sales.clone().pivot(["shop"], "quarter", "sum", "amount")?;
    /// let large = sales.filter("amount > 1000")?;
    /// # drop((by_quarter, large));
    /// # Ok::<(), samara::Error>(())
    /// ```
    pub fn cache(self) -> Result<Self> {
        let table = Arc::new(SharedTable::new(self.plan.clone(), true));
        let plan = share::scan(table)?;
        Ok(self.with_plan(plan))
    }

    /// The columns with their types as Spark's schema JSON.
    ///
    /// # Errors
    ///
    /// Those of [`schema`](Self::schema).
    pub(crate) fn schema_json(&self) -> Result<String> {
        let fields = self.plan.schema().fields().iter().zip(self.names.iter());
        let named = fields.map(|(field, name)| field.as_ref().clone().with_name(name));
        schema_to_json(&named.collect())
    }

    /// A writer of this frame to files.
    pub fn write(self) -> Writer {
        Writer::new(self)
    }

    /// The frame as what a step gives: the step, if it is open, ends when its rows have streamed through.
    pub(crate) fn leaving(self, step: Option<Arc<OpenStep>>) -> Self {
        let plan = boundary::mark(self.plan.clone(), step);
        self.with_plan(plan)
    }
}

/// The plan, its columns without the name of the table that they come from.
pub(crate) fn without_qualifiers(plan: LogicalPlan) -> datafusion::common::Result<LogicalPlan> {
    let columns = plan.schema().columns().into_iter();
    let columns = columns.map(|column| (column.name.clone(), Expr::Column(column)));
    let columns = columns.collect();
    projection(plan, columns)
}

/// The names of a frame's columns, in order. A copy is cheap.
#[derive(Debug, Clone)]
pub(crate) struct ColumnNames(Arc<Named>);

#[derive(Debug)]
struct Named {
    names: Vec<String>,
    /// Where each name stands, in lower case; made when a name is first looked for.
    places: OnceLock<HashMap<String, Vec<usize>>>,
}

impl ColumnNames {
    /// The indices of all columns of that name, in any case.
    fn indices(&self, name: &str) -> &[usize] {
        let places = self.0.places.get_or_init(|| {
            let mut places: HashMap<String, Vec<usize>> = HashMap::new();
            for (index, name) in self.0.names.iter().enumerate() {
                places.entry(name.to_lowercase()).or_default().push(index);
            }
            places
        });
        places.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }
}

impl From<Vec<String>> for ColumnNames {
    fn from(names: Vec<String>) -> Self {
        let places = OnceLock::new();
        Self(Arc::new(Named { names, places }))
    }
}

impl Deref for ColumnNames {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0.names
    }
}

/// Names that are unique without regard to case.
#[derive(Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
    /// How many columns have had each name so far.
    counts: HashMap<String, usize>,
}

impl Names {
    /// Adds a name; where it is taken, with a number behind.
    pub fn add(&mut self, name: &str) -> String {
        let lower = name.to_lowercase();
        if self.taken.insert(lower.clone()) {
            return name.to_owned();
        }
        let count = self.counts.entry(lower.clone()).or_default();
        loop {
            *count += 1;
            if self.taken.insert(format!("{lower}#{count}")) {
                return format!("{name}#{count}");
            }
        }
    }
}
