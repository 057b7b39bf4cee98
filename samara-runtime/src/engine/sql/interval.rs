//! Instants, so much later or earlier: months and days are those that clocks show in the session's time zone.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    TimestampMicrosecondType,
};
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable as _, Operator, ReturnFieldArgs,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::engine::DataType as SparkType;
use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::session_zone::SessionZone;
use crate::engine::text::zone::Zone;
use crate::engine::text::{Clock, MICROS_PER_DAY, civil_of, days_of};

/// Some months, then some days, then some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub months: i64,
    pub days: i64,
    pub micros: i64,
}

impl Step {
    /// An interval; where it has no months, each 24 hours are a day, as in Spark's type of such intervals.
    pub fn of(interval: IntervalMonthDayNano) -> Self {
        let (months, days) = (i64::from(interval.months), i64::from(interval.days));
        let micros = interval.nanoseconds / 1000;
        if months != 0 {
            return Self {
                months,
                days,
                micros,
            };
        }
        let total = days * MICROS_PER_DAY + micros;
        Self {
            months,
            days: total / MICROS_PER_DAY,
            micros: total % MICROS_PER_DAY,
        }
    }

    /// This step so often, or back.
    pub fn times(self, count: i64) -> Self {
        Self {
            months: self.months * count,
            days: self.days * count,
            micros: self.micros * count,
        }
    }

    /// The instant after this step from another.
    ///
    /// # Errors
    ///
    /// Beyond the last timestamp.
    pub fn after(self, instant: i64, zone: Zone) -> Result<i64> {
        match self.within_range(instant, zone) {
            Some(after) => Ok(after),
            None => exec_err!("an interval leads beyond the last timestamp"),
        }
    }

    /// The instant after this step from another, if there is one.
    pub fn within_range(self, instant: i64, zone: Zone) -> Option<i64> {
        let mut moment = instant;
        if self.months != 0 {
            let clock = zone.clock(moment);
            let days = months_later(clock.days, self.months)?;
            moment = zone.instant_near(Clock { days, ..clock }, moment)?;
        }
        if self.days != 0 {
            let clock = zone.clock(moment);
            let days = clock.days.checked_add(self.days)?;
            moment = zone.instant_near(Clock { days, ..clock }, moment)?;
        }
        moment.checked_add(self.micros)
    }
}

/// More years than timestamps reach.
const MOST_YEARS: i64 = 400_000;

/// The same day of another month, or the last one there.
fn months_later(days: i64, months: i64) -> Option<i64> {
    let (year, month, day) = civil_of(days);
    let months = (year * 12 + month - 1).checked_add(months)?;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
    if year.abs() > MOST_YEARS {
        return None;
    }
    (day - 3..=day)
        .rev()
        .find_map(|day| days_of(year, month, day))
}

/// An instant plus or minus an interval as Spark computes it; nothing for any other operation.
pub(crate) fn with_interval(operation: &BinaryExpr, schema: &DFSchema) -> Result<Option<Expr>> {
    let forward = match operation.op {
        Operator::Plus => true,
        Operator::Minus => false,
        _ => return Ok(None),
    };
    let (left, right) = (&*operation.left, &*operation.right);
    let kinds = (left.get_type(schema)?, right.get_type(schema)?);
    let (kind, moment, interval) = match kinds {
        (kind, DataType::Interval(_)) => (kind, left, right),
        (DataType::Interval(_), kind) if forward => (kind, right, left),
        _ => return Ok(None),
    };
    let instant = match kind {
        DataType::Timestamp(_, Some(_)) => moment.clone(),
        DataType::Date32 if has_time(interval)? => {
            SparkCast::call(moment.clone(), &SparkType::Timestamp)
        }
        _ => return Ok(None),
    };
    let later = ScalarUDF::from(Later {
        forward,
        signature: Signature::any(2, Volatility::Immutable),
    });
    let interval = interval
        .clone()
        .cast_to(&DataType::Interval(IntervalUnit::MonthDayNano), schema)?;
    Ok(Some(later.call(vec![instant, interval])))
}

/// Whether an interval is one of hours and less, which make a day an instant.
fn has_time(interval: &Expr) -> Result<bool> {
    match interval {
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _) => {
            match (interval.months, interval.nanoseconds) {
                (_, 0) => Ok(false),
                (0, _) => Ok(true),
                _ => plan_err!("a day has no hours to add: cast it to a timestamp"),
            }
        }
        _ => plan_err!("a day moves by one interval: write it as one, as INTERVAL 1 DAY 2 HOURS"),
    }
}

/// Instants and intervals, added or subtracted.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Later {
    forward: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Later {
    /// By its name it is known to fail for some values.
    fn name(&self) -> &str {
        "spark_later"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [instant, interval] = args.arg_fields else {
            return plan_err!("an instant moves by one interval");
        };
        let nullable = instant.is_nullable() || interval.is_nullable();
        let kind = instant.data_type().clone();
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let zone = SessionZone::of(&args.config_options);
        let instants = arrays[0].as_primitive::<TimestampMicrosecondType>();
        let intervals = arrays[1].as_primitive::<IntervalMonthDayNanoType>();
        let sign = if self.forward { 1 } else { -1 };
        let later = instants.iter().zip(intervals).map(|pair| match pair {
            (Some(instant), Some(interval)) => {
                let step = Step::of(interval).times(sign);
                step.after(instant, zone).map(Some)
            }
            _ => Ok(None),
        });
        let later: TimestampMicrosecondArray = later.collect::<Result<_>>()?;
        let later = later.with_timezone_opt(instants.timezone());
        columnar(Arc::new(later) as ArrayRef, &args.args)
    }
}
