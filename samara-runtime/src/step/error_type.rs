//! The class of an error.

/// The class of an error, of which there are few: the value of the attribute `error.type`.
///
/// A step whose error has no `ErrorType` reports the name of the error's type. Derive it for an enum, and a step reports the name of the
/// variant; the message of an error never is its class, since there is no end of messages (OpenTelemetry, semantic conventions, "Error":
/// `error.type` is "predictable, and of low cardinality").
///
/// # Examples
///
/// ```
/// use samara::ErrorType as _;
///
/// #[derive(Debug, samara::ErrorType)]
/// enum LoadError {
///     Unreachable { host: String },
///     Full(u64),
/// }
/// assert_eq!(LoadError::Full(3).error_type(), "Full");
/// ```
pub trait ErrorType {
    /// The class of this error.
    fn error_type(&self) -> &'static str;
}

impl<T: ErrorType + ?Sized> ErrorType for Box<T> {
    fn error_type(&self) -> &'static str {
        T::error_type(self)
    }
}

impl<T: ErrorType + ?Sized> ErrorType for std::sync::Arc<T> {
    fn error_type(&self) -> &'static str {
        T::error_type(self)
    }
}
