#![deny(warnings)]

use std::fmt::{Debug, Display};

use samara::entry::block_on;

#[samara::step(attributes(%value))]
fn bounded<T: Display>(value: T) -> String {
    value.to_string()
}

#[samara::step]
fn conditioned<T, I>(values: I) -> Vec<T>
where
    I: IntoIterator<Item = T>,
    T: Ord + Clone,
{
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort();
    values
}

#[samara::step(attributes(n = N, ?values))]
fn constant<const N: usize, T: Debug + Copy>(values: [T; N]) -> [T; N] {
    values
}

#[samara::step]
fn higher_ranked<F>(f: F) -> usize
where
    F: for<'a> Fn(&'a str) -> &'a str,
{
    f("ab").len()
}

#[samara::step]
fn unsized_argument<T: ?Sized + AsRef<str>>(text: &T) -> usize {
    text.as_ref().len()
}

#[samara::step]
async fn async_bounded<T: Display + Send>(value: T) -> String {
    value.to_string()
}

#[samara::step]
async fn async_constant<const N: usize>() -> [u8; N] {
    [0; N]
}

struct Of<T>(T);

impl<T: Clone> Of<T> {
    #[samara::step]
    fn with<U: From<T>>(&self) -> (U, T) {
        (self.0.clone().into(), self.0.clone())
    }

    #[samara::step]
    async fn into_inner(self) -> Result<T, Self> {
        Ok(self.0)
    }
}

fn main() {
    assert_eq!(bounded(1), "1");
    assert_eq!(conditioned([2, 1]), [1, 2]);
    assert_eq!(constant([1, 2]), [1, 2]);
    assert_eq!(higher_ranked(|text| &text[1..]), 1);
    assert_eq!(unsized_argument("ab"), 2);
    assert_eq!(block_on(async_bounded(1)), "1");
    assert_eq!(block_on(async_constant::<2>()), [0, 0]);
    assert_eq!(Of(1_u8).with::<u64>(), (1_u64, 1_u8));
    assert!(matches!(block_on(Of(1).into_inner()), Ok(1)));
}
