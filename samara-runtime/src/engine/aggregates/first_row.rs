//! The aggregate behind `dropDuplicates`: of each group, one value of a column, from the row that all columns take theirs from.
//!
//! DataFusion's `first_value` without an order keeps an object for every group and column: over two million rows, seven seconds of
//! processor time and a gigabyte. This one keeps the rows themselves.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array as _, ArrayRef, BooleanArray, UInt64Array};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, not_impl_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, Expr, GroupsAccumulator, Signature,
    Volatility,
};

/// The column's value in the first row of each group. Of one aggregation, all columns take the same row.
pub(crate) fn first_row(column: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> =
        LazyLock::new(|| Arc::new(AggregateUDF::from(FirstRow::new())));
    FUNCTION.call(vec![column])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FirstRow {
    signature: Signature,
}

impl FirstRow {
    fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for FirstRow {
    fn name(&self) -> &str {
        "first_row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::clone(&arguments[0]))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = args.return_field.as_ref().clone();
        Ok(vec![Arc::new(
            field.with_name(format!("{}[row]", args.name)),
        )])
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        not_impl_err!("first_row works on groups only")
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(FirstRows::new(args.return_field.data_type())))
    }
}

/// A value for each group: where it lies among the values kept.
struct FirstRows {
    kept: Vec<ArrayRef>,
    kept_rows: u64,
    place: Vec<Option<u64>>,
}

impl FirstRows {
    fn new(data_type: &DataType) -> Self {
        Self {
            kept: vec![datafusion::arrow::array::new_empty_array(data_type)],
            kept_rows: 0,
            place: Vec::new(),
        }
    }

    /// Keeps the rows of a batch whose groups have none yet.
    fn keep(
        &mut self,
        values: &ArrayRef,
        groups: &[usize],
        filter: Option<&BooleanArray>,
        number_of_groups: usize,
    ) -> Result<()> {
        self.place.resize(number_of_groups, None);
        let mut rows = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            let counts = |filter: &BooleanArray| filter.is_valid(row) && filter.value(row);
            if self.place[*group].is_none() && filter.is_none_or(counts) {
                self.place[*group] = Some(self.kept_rows + rows.len() as u64);
                rows.push(row as u64);
            }
        }
        if !rows.is_empty() {
            self.kept_rows += rows.len() as u64;
            self.kept
                .push(take(values, &UInt64Array::from(rows), None)?);
        }
        Ok(())
    }

    /// The values of the first groups, which are then forgotten.
    fn emit(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let chunks: Vec<_> = self.kept.iter().map(AsRef::as_ref).collect();
        let kept = concat(&chunks)?;
        let emitted = emit_to.take_needed(&mut self.place);
        let rest: UInt64Array = self.place.iter().copied().collect();
        self.kept = vec![take(&kept, &rest, None)?];
        self.kept_rows = rest.len() as u64;
        let place = |row| rest.is_valid(row).then_some(row as u64);
        self.place = (0..rest.len()).map(place).collect();
        Ok(take(&kept, &UInt64Array::from(emitted), None)?)
    }
}

impl GroupsAccumulator for FirstRows {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.keep(&values[0], group_indices, opt_filter, total_num_groups)
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.keep(&values[0], group_indices, None, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.emit(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.emit(emit_to)?])
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        match opt_filter {
            None => Ok(values.to_vec()),
            Some(_) => not_impl_err!("first_row has no filter"),
        }
    }

    fn size(&self) -> usize {
        let kept: usize = self
            .kept
            .iter()
            .map(|chunk| chunk.get_array_memory_size())
            .sum();
        kept + self.place.capacity() * size_of::<Option<u64>>()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{AsArray as _, StringArray};

    use super::*;

    fn texts(array: &ArrayRef) -> Vec<Option<&str>> {
        array.as_string::<i32>().iter().collect()
    }

    fn batch(values: &[Option<&str>]) -> Vec<ArrayRef> {
        vec![Arc::new(StringArray::from(values.to_vec()))]
    }

    #[test]
    fn each_group_keeps_its_first_value_though_it_be_null() {
        let mut rows = FirstRows::new(&DataType::Utf8);
        rows.update_batch(&batch(&[Some("a"), None, Some("b")]), &[1, 0, 1], None, 2)
            .unwrap();
        rows.update_batch(&batch(&[Some("c"), Some("d")]), &[0, 2], None, 3)
            .unwrap();
        assert_eq!(
            texts(&rows.evaluate(EmitTo::All).unwrap()),
            [None, Some("a"), Some("d")]
        );
    }

    #[test]
    fn groups_that_were_emitted_are_forgotten_and_the_others_move_up() {
        let mut rows = FirstRows::new(&DataType::Utf8);
        rows.update_batch(
            &batch(&[Some("a"), Some("b"), Some("c")]),
            &[2, 0, 1],
            None,
            3,
        )
        .unwrap();
        assert_eq!(
            texts(&rows.evaluate(EmitTo::First(2)).unwrap()),
            [Some("b"), Some("c")]
        );
        rows.update_batch(&batch(&[Some("x"), Some("d")]), &[0, 1], None, 2)
            .unwrap();
        assert_eq!(
            texts(&rows.evaluate(EmitTo::All).unwrap()),
            [Some("a"), Some("d")]
        );
    }
}
