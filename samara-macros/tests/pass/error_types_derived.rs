#![deny(warnings)]

use std::error::Error;
use std::fmt::Debug;

use samara::ErrorType;

#[derive(ErrorType)]
enum Shapes {
    Unit,
    Tuple(u64, String),
    Struct {
        host: String,
    },
    r#Raw,
    #[allow(dead_code)]
    #[cfg(not(all()))]
    LeftOut(NoType),
}

#[derive(ErrorType)]
enum Generic<'a, T: Debug, E, const N: usize>
where
    E: Error,
{
    Borrowed(&'a T),
    Inner(E),
    Array([u8; N]),
}

#[derive(ErrorType)]
enum Empty {}

#[derive(ErrorType)]
struct Unit;

#[derive(ErrorType)]
struct Tuple(u64);

#[derive(ErrorType)]
struct Named<T> {
    value: T,
}

#[samara::step]
fn fails() -> Result<(), Shapes> {
    Err(Shapes::Unit)
}

#[samara::step]
fn fails_in_a_box() -> Result<(), Box<Shapes>> {
    Err(Box::new(Shapes::Unit))
}

fn main() {
    let shapes = [
        Shapes::Unit,
        Shapes::Tuple(1, String::new()),
        Shapes::Struct {
            host: String::new(),
        },
        Shapes::Raw,
    ];
    assert_eq!(
        shapes.map(|shape| shape.error_type()),
        ["Unit", "Tuple", "Struct", "Raw"]
    );
    let generic: [Generic<'_, u8, std::fmt::Error, 2>; 3] = [
        Generic::Borrowed(&1),
        Generic::Inner(std::fmt::Error),
        Generic::Array([1, 2]),
    ];
    assert_eq!(
        generic.map(|error| error.error_type()),
        ["Borrowed", "Inner", "Array"]
    );
    let _: fn(&Empty) -> &'static str = Empty::error_type;
    assert_eq!(Unit.error_type(), "Unit");
    assert_eq!(Tuple(1).error_type(), "Tuple");
    assert_eq!(Named { value: 1 }.error_type(), "Named");
    assert_eq!(Tuple(1).0 + Named { value: 1 }.value, 2);
    assert!(fails().is_err() && fails_in_a_box().is_err());
}
