//! Steps in every form under every lint of clippy's that a program may switch on: the attribute adds no finding. Clippy itself is the test, run by the
//! gate over all targets with warnings denied.

#![warn(clippy::pedantic, clippy::nursery)]
#![warn(
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::default_numeric_fallback,
    clippy::exhaustive_structs,
    clippy::expect_used,
    clippy::if_then_some_else_none,
    clippy::impl_trait_in_params,
    clippy::indexing_slicing,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::map_err_ignore,
    clippy::min_ident_chars,
    clippy::missing_assert_message,
    clippy::mod_module_files,
    clippy::panic,
    clippy::pub_use,
    clippy::redundant_type_annotations,
    clippy::ref_patterns,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::std_instead_of_core,
    clippy::unreachable,
    clippy::unseparated_literal_suffix,
    clippy::unwrap_used,
    clippy::used_underscore_items,
    clippy::wildcard_enum_match_arm
)]

use core::future::{Future, ready};
use core::num::ParseIntError;
use core::panic::Location;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use samara::entry::block_on;

#[samara::step]
fn nothing() {}

#[samara::step(attributes(rows = rows.len()))]
fn unit(rows: &mut Vec<u64>) {
    rows.push(1);
}

#[samara::step]
fn early(number: u64) {
    if number == 0 {
        return;
    }
    nothing();
}

#[samara::step]
async fn unit_later(rows: &mut Vec<u64>) {
    ready(()).await;
    rows.push(2);
}

#[samara::step(id = "parse", kind = "extract", attributes(text, %length), err = Debug)]
fn parsed(text: &str, length: usize) -> Result<u64, ParseIntError> {
    let parsed = text.get(..length).unwrap_or(text).parse()?;
    Ok(parsed)
}

#[samara::step(err = Display)]
async fn parsed_later<T>(value: T) -> Result<u64, ParseIntError>
where
    T: ToString + Send,
{
    use core::str::FromStr as _;

    let parsed = u64::from_str(&ready(value).await.to_string())?;
    Ok(parsed)
}

#[samara::step]
fn unit_or_error(text: &str) -> Result<(), ParseIntError> {
    parsed(text, text.len()).map(drop)
}

#[samara::step]
fn opaque(number: u64) -> impl Future<Output = u64> + Send {
    ready(number)
}

#[samara::step]
fn boxed(text: &str) -> BoxFuture<'_, Result<(), ParseIntError>> {
    Box::pin(async move {
        let _parsed: u64 = text.parse()?;
        Ok(())
    })
}

#[samara::step]
fn in_a_result(text: &str) -> Result<impl Future<Output = ()>, ParseIntError> {
    let _parsed: u64 = text.parse()?;
    Ok(ready(()))
}

#[samara::step]
fn streamed(rows: u64) -> impl Stream<Item = u64> {
    stream::iter(0..rows)
}

#[samara::step]
fn boxed_stream(rows: u64) -> BoxStream<'static, u64> {
    streamed(rows).boxed()
}

#[samara::step]
#[track_caller]
fn told(text: &str) -> Result<u32, ParseIntError> {
    if text.is_empty() {
        return Ok(0);
    }
    let base: u32 = text.parse()?;
    Ok(base.saturating_add(Location::caller().line()))
}

#[samara::step]
#[track_caller]
fn told_nothing(rows: &mut Vec<u64>) {
    rows.push(u64::from(Location::caller().line()));
}

struct Loader {
    rows: Vec<u64>,
}

impl Loader {
    #[samara::step(attributes(rows = self.rows.len()))]
    fn push(&mut self, row: u64) -> &mut Self {
        self.rows.push(row);
        self
    }

    #[samara::step]
    async fn clear(&mut self) {
        ready(()).await;
        self.rows.clear();
    }

    #[samara::step]
    fn first(&self) -> Option<&u64> {
        let first = self.rows.first()?;
        Some(first)
    }
}

#[async_trait::async_trait]
trait Load {
    async fn load(&mut self, row: u64) -> Result<(), ParseIntError>;
}

#[async_trait::async_trait]
impl Load for Loader {
    #[samara::step(attributes(row))]
    async fn load(&mut self, row: u64) -> Result<(), ParseIntError> {
        self.push(row);
        boxed("1").await
    }
}

#[test]
fn steps_run_under_every_lint() -> Result<(), ParseIntError> {
    let mut loader = Loader { rows: Vec::new() };
    unit(&mut loader.rows);
    early(0);
    early(1);
    told_nothing(&mut loader.rows);
    unit_or_error("1")?;
    block_on(async {
        unit_later(&mut loader.rows).await;
        assert_eq!(loader.first(), Some(&1), "the row of `unit`");
        loader.load(parsed_later(1_u8).await?).await?;
        loader.clear().await;
        in_a_result("1")?.await;
        let rows = boxed_stream(opaque(3).await).count().await;
        assert_eq!(rows, 3, "as many as there are");
        Ok(())
    })?;
    assert_eq!(told("0")?, line!(), "where it is called");
    Ok(())
}
