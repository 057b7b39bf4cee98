//! Values whose type says something else about nulls than the engine derives: what Spark derives.

use std::sync::Arc;

use datafusion::arrow::array::ArrayData;
use datafusion::arrow::array::{ArrayRef, make_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::engine::sql::arithmetic::columnar;

/// A value as it is, under a type that differs from its own in where nulls may be.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Declared {
    kind: DataType,
    nullable: bool,
    signature: Signature,
}

impl Declared {
    /// The value, declared to be of that type, and to be null or not.
    pub fn call(value: Expr, kind: DataType, nullable: bool) -> Expr {
        let declared = Self {
            kind,
            nullable,
            signature: Signature::any(1, Volatility::Immutable),
        };
        ScalarUDF::from(declared).call(vec![value])
    }

    /// Whether a call is of this.
    pub fn is(call: &ScalarFunction) -> bool {
        call.func.inner().downcast_ref::<Self>().is_some()
    }
}

/// The type of arrays of values of a type, none of which is null.
pub(crate) fn without_nulls(element: &DataType) -> DataType {
    DataType::new_list(element.clone(), false)
}

impl ScalarUDFImpl for Declared {
    fn name(&self) -> &str {
        "declared"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.kind.clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = Field::new(self.name(), self.kind.clone(), self.nullable);
        Ok(Arc::new(field))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        columnar(retyped(&arrays[0], &self.kind)?, &args.args)
    }
}

/// The same values under a type of the same layout.
///
/// # Errors
///
/// If a value is null that the type says is not.
pub(crate) fn retyped(array: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    if array.data_type() == kind {
        return Ok(Arc::clone(array));
    }
    Ok(make_array(relabelled(array.to_data(), kind)?))
}

fn relabelled(data: ArrayData, kind: &DataType) -> Result<ArrayData, ArrowError> {
    let members: Vec<&FieldRef> = match kind {
        DataType::List(member) | DataType::Map(member, _) => vec![member],
        DataType::Struct(members) => members.iter().collect(),
        _ => return Ok(data),
    };
    let children = data.child_data().iter().cloned().zip(members);
    let children = children.map(|(child, member)| relabelled(child, member.data_type()));
    let children = children.collect::<Result<_, _>>()?;
    let builder = data.into_builder().data_type(kind.clone());
    builder.child_data(children).build()
}
