//! The attributes that a step gives its span.

use std::borrow::Cow;
use std::fmt::{Debug, Display};

use opentelemetry::{KeyValue, Value};

/// The attributes of one call, collected only while its span records.
///
/// # Examples
///
/// ```
/// let mut attributes = samara::step::Attributes::default();
/// attributes.set("rows", &3_u64).display("path", &std::path::Path::new("a").display());
/// attributes.set("region", &None::<&str>);
/// assert_eq!(attributes.len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Attributes(Vec<KeyValue>);

impl Attributes {
    /// Sets an attribute to a value; `None` sets nothing.
    pub fn set<T: ToAttribute + ?Sized>(&mut self, key: &'static str, value: &T) -> &mut Self {
        self.0
            .extend(value.to_attribute().map(|value| KeyValue::new(key, value)));
        self
    }

    /// Sets an attribute to the text that a value has for a person.
    pub fn display<T: Display + ?Sized>(&mut self, key: &'static str, value: &T) -> &mut Self {
        self.0.push(KeyValue::new(key, value.to_string()));
        self
    }

    /// Sets an attribute to the text that a value has for a programmer.
    pub fn debug<T: Debug + ?Sized>(&mut self, key: &'static str, value: &T) -> &mut Self {
        self.0.push(KeyValue::new(key, format!("{value:?}")));
        self
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// None yet, and no need to grow for the few that a step has.
    pub(super) fn with_room() -> Self {
        Self(Vec::with_capacity(4))
    }

    pub(super) fn into_vec(self) -> Vec<KeyValue> {
        self.0
    }
}

/// What can be the value of an attribute: a text, a number, a truth value; `None` of one of them sets no attribute.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of an attribute",
    note = "an attribute is a text, a number or a bool: write `key = %value` for a value's `Display`, `key = ?value` for its `Debug`"
)]
pub trait ToAttribute {
    /// The value, if there is one.
    fn to_attribute(&self) -> Option<Value>;
}

impl<T: ToAttribute + ?Sized> ToAttribute for &T {
    fn to_attribute(&self) -> Option<Value> {
        T::to_attribute(self)
    }
}

impl<T: ToAttribute + ?Sized> ToAttribute for &mut T {
    fn to_attribute(&self) -> Option<Value> {
        T::to_attribute(self)
    }
}

impl<T: ToAttribute> ToAttribute for Option<T> {
    fn to_attribute(&self) -> Option<Value> {
        self.as_ref().and_then(T::to_attribute)
    }
}

impl ToAttribute for str {
    fn to_attribute(&self) -> Option<Value> {
        Some(self.to_owned().into())
    }
}

impl ToAttribute for Cow<'_, str> {
    fn to_attribute(&self) -> Option<Value> {
        str::to_attribute(self)
    }
}

impl ToAttribute for String {
    fn to_attribute(&self) -> Option<Value> {
        str::to_attribute(self)
    }
}

impl ToAttribute for char {
    fn to_attribute(&self) -> Option<Value> {
        Some(self.to_string().into())
    }
}

impl ToAttribute for bool {
    fn to_attribute(&self) -> Option<Value> {
        Some((*self).into())
    }
}

/// OpenTelemetry's numbers are `i64` and `f64`; what is larger than the largest becomes the largest.
macro_rules! numbers {
    ($($integer:ty)*; $($float:ty)*) => {
        $(impl ToAttribute for $integer {
            fn to_attribute(&self) -> Option<Value> {
                Some(i64::try_from(*self).unwrap_or(i64::MAX).into())
            }
        })*
        $(impl ToAttribute for $float {
            fn to_attribute(&self) -> Option<Value> {
                Some(f64::from(*self).into())
            }
        })*
    };
}
numbers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize; f32 f64);
