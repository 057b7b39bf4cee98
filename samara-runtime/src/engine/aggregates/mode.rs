//! Spark's `mode`: the value that occurs most often. Of several, which one is not determined, as in Spark; here it is the first.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility,
};

/// The most frequent value that is not null.
pub(super) fn mode(value: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> =
        LazyLock::new(|| Arc::new(AggregateUDF::from(Mode::new())));
    FUNCTION.call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Mode {
    signature: Signature,
}

impl Mode {
    fn new() -> Self {
        Self {
            signature: Signature::any(1, Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for Mode {
    fn name(&self) -> &str {
        "mode"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |part, kind| {
            let name = format!("{}[{part}]", args.name);
            Arc::new(Field::new(name, DataType::new_list(kind, true), false))
        };
        let kind = args.return_field.data_type().clone();
        Ok(vec![list("values", kind), list("counts", DataType::Int64)])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Counts {
            kind: args.return_field.data_type().clone(),
            places: HashMap::new(),
            counts: Vec::new(),
        }))
    }
}

/// How often each value occurred, in the order in which they came.
#[derive(Debug)]
struct Counts {
    kind: DataType,
    places: HashMap<ScalarValue, usize>,
    counts: Vec<(ScalarValue, i64)>,
}

impl Counts {
    fn add(&mut self, value: ScalarValue, times: i64) {
        match self.places.get(&value) {
            Some(place) => self.counts[*place].1 += times,
            None => {
                self.places.insert(value.clone(), self.counts.len());
                self.counts.push((value, times));
            }
        }
    }
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = &values[0];
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            self.add(ScalarValue::try_from_array(values, row)?.compacted(), 1);
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (values, counts) = (states[0].as_list::<i32>(), states[1].as_list::<i32>());
        for state in 0..values.len() {
            let (values, counts) = (values.value(state), counts.value(state));
            let counts = counts.as_primitive::<Int64Type>();
            for row in 0..values.len() {
                let value = ScalarValue::try_from_array(&values, row)?.compacted();
                self.add(value, counts.value(row));
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (values, counts): (Vec<_>, Vec<_>) = self
            .counts
            .iter()
            .map(|(value, count)| (value.clone(), ScalarValue::from(*count)))
            .unzip();
        let list = |values: &[ScalarValue], kind| {
            ScalarValue::List(ScalarValue::new_list_nullable(values, kind))
        };
        Ok(vec![
            list(&values, &self.kind),
            list(&counts, &DataType::Int64),
        ])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut most: Option<&(ScalarValue, i64)> = None;
        for counted in &self.counts {
            if most.is_none_or(|(_, times)| counted.1 > *times) {
                most = Some(counted);
            }
        }
        match most {
            Some((value, _)) => Ok(value.clone()),
            None => ScalarValue::try_from(&self.kind),
        }
    }

    fn size(&self) -> usize {
        let values = self.counts.iter().map(|(value, _)| value.size());
        size_of_val(self) + 2 * values.sum::<usize>()
    }
}
