//! `max` and `min` of values that the engine would order in another way: structs and arrays, in which null comes first.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array as _, ArrayRef};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility,
};

use crate::engine::sql::normal::normalized;

/// The greatest value.
pub(super) fn greatest(value: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> =
        LazyLock::new(|| Arc::new(AggregateUDF::from(Extreme::new(Ordering::Greater))));
    FUNCTION.call(vec![value])
}

/// The least value.
pub(super) fn least(value: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> =
        LazyLock::new(|| Arc::new(AggregateUDF::from(Extreme::new(Ordering::Less))));
    FUNCTION.call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    /// What a value must be, beside the one so far, to take its place.
    beats: Ordering,
    signature: Signature,
}

impl Extreme {
    fn new(beats: Ordering) -> Self {
        Self {
            beats,
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        match self.beats {
            Ordering::Less => "least_value",
            _ => "greatest_value",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = args.return_field.as_ref().clone();
        let field = field.with_name(format!("{}[value]", args.name));
        Ok(vec![Arc::new(field.with_nullable(true))])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let kind = args.return_field.data_type();
        Ok(Box::new(Best {
            beats: self.beats,
            converter: RowConverter::new(vec![SortField::new(kind.clone())])?,
            row: None,
            value: ScalarValue::try_from(kind)?,
        }))
    }
}

/// The best value so far, and its bytes, whose order is that of the values.
#[derive(Debug)]
struct Best {
    beats: Ordering,
    converter: RowConverter,
    row: Option<OwnedRow>,
    value: ScalarValue,
}

impl Accumulator for Best {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = self.converter.convert_columns(&[normalized(&values[0])?])?;
        for at in (0..rows.num_rows()).filter(|at| values[0].is_valid(*at)) {
            let row = rows.row(at);
            let so_far = self.row.as_ref();
            if so_far.is_none_or(|best| row.cmp(&best.row()) == self.beats) {
                self.row = Some(row.owned());
                self.value = ScalarValue::try_from_array(&values[0], at)?.compacted();
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone()])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        let row = self.row.as_ref().map_or(0, |row| row.as_ref().len());
        size_of_val(self) + self.converter.size() + self.value.size() + row
    }
}
