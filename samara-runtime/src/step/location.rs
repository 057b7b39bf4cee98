//! Where a step stands in the source.

/// Where a step stands in the source, for the `code.*` attributes of its span. Made by [`source_location!`](crate::source_location!).
#[derive(Debug, Clone, Copy)]
pub struct Location {
    marker: fn() -> &'static str,
    file: &'static str,
    line: u32,
}

impl Location {
    /// The place of a function, known by the full name of an item inside it.
    pub const fn new(marker: fn() -> &'static str, file: &'static str, line: u32) -> Self {
        Self { marker, file, line }
    }

    /// The function's full name, with the type that it belongs to: `orders::Loader::load`.
    pub fn function(self) -> String {
        let inside = (self.marker)();
        let function = inside.rsplit_once("::").map_or(inside, |(path, _)| path);
        let function = function.strip_suffix("::STEP").unwrap_or(function);
        function.replace("::{{closure}}", "")
    }

    /// The source file, as the compiler was given it.
    pub fn file(self) -> &'static str {
        self.file
    }

    /// The line of the function's name.
    pub fn line(self) -> u32 {
        self.line
    }
}

/// The [`Location`] of the function around it.
///
/// # Examples
///
/// ```
/// fn load() -> samara::step::Location {
///     samara::source_location!()
/// }
/// assert!(load().function().ends_with("::load"));
/// ```
#[macro_export]
macro_rules! source_location {
    () => {{
        fn here() {}
        $crate::step::Location::new(
            || ::core::any::type_name_of_val(&here),
            ::core::file!(),
            ::core::line!(),
        )
    }};
}
