//! Arrays and structs whose members are cast to wider types, as Spark casts values alone.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, ListArray, StructArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::{Cast, spark_type};
use crate::engine::sql::session_zone::SessionZone;
use crate::engine::text::zone::Zone;

/// A nested value under a type with the same members, of types that hold theirs.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Widened {
    kind: DataType,
    signature: Signature,
}

impl Widened {
    /// The value with the members of that type.
    pub fn call(value: Expr, kind: DataType) -> Expr {
        let widened = Self {
            kind,
            signature: Signature::any(1, Volatility::Immutable),
        };
        ScalarUDF::from(widened).call(vec![value])
    }
}

impl ScalarUDFImpl for Widened {
    fn name(&self) -> &str {
        "widened"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.kind.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [value] = args.arg_fields else {
            return plan_err!("one value is widened at a time");
        };
        let field = Field::new(self.name(), self.kind.clone(), value.is_nullable());
        Ok(Arc::new(field))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let zone = SessionZone::of(&args.config_options);
        columnar(widened(&arrays[0], &self.kind, zone)?, &args.args)
    }
}

fn widened(array: &ArrayRef, kind: &DataType, zone: Zone) -> Result<ArrayRef> {
    Ok(match (array.data_type(), kind) {
        (from, to) if from == to => Arc::clone(array),
        (DataType::List(_), DataType::List(element)) => {
            let list = array.as_list::<i32>();
            let values = widened(list.values(), element.data_type(), zone)?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(
                Arc::clone(element),
                offsets,
                values,
                nulls,
            )?)
        }
        (DataType::Struct(_), DataType::Struct(members)) => {
            let columns = array.as_struct().columns().iter().zip(members);
            let columns = columns.map(|(column, to)| widened(column, to.data_type(), zone));
            let columns = columns.collect::<Result<_>>()?;
            let (members, nulls) = (members.clone(), array.nulls().cloned());
            let structs = StructArray::try_new_with_length(members, columns, nulls, array.len())?;
            Arc::new(structs)
        }
        (from, to) if from.is_null() || to.is_nested() => cast(array, to)?,
        (_, to) => Cast::ansi(&spark_type(to)?, zone).apply(array)?,
    })
}
