#![deny(warnings)]

use std::fmt::Display;
use std::future::Future;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::panic::Location;
use std::task::Poll;

use samara::entry::block_on;

#[samara::step]
#[track_caller]
fn line() -> u32 {
    Location::caller().line()
}

#[track_caller]
#[samara::step(attributes(%value), err = Debug)]
fn parsed<T: Display>(value: T, (base, _): (u32, u32)) -> Result<u32, Box<dyn std::error::Error>> {
    let texts = [value.to_string()];
    if texts[0].is_empty() {
        return Err("empty".into());
    }
    let parse = |text: &str| -> Result<u32, ParseIntError> {
        let n = u32::from_str_radix(text, base)?;
        return Ok(n);
    };
    let numbers = texts.iter().map(|text| {
        if text == "0" {
            return Ok(1);
        } else {
            parse(text)
        }
    });
    let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
    for n in numbers {
        if n == 9 || n == 8 {
            return Ok(n);
        }
    }
    fn inner() -> Option<u32> {
        let line = Some(1)?;
        return Some(line);
    }
    Ok(Location::caller().line() + inner().ok_or("none")? - parse("1")?)
}

#[samara::step]
#[track_caller]
fn unit(n: u64) {
    if n == 0 {
        return;
    }
    assert_eq!(n, 1);
}

#[samara::step]
#[track_caller]
fn never() -> ! {
    panic!("never")
}

#[samara::step]
#[track_caller]
fn option(text: &str) -> Option<&str> {
    text.split_once('=')?
        .1
        .split_once(';')
        .map(|(first, _)| first)
}

#[samara::step]
#[track_caller]
fn control_flow(end: bool) -> ControlFlow<u8> {
    if end {
        ControlFlow::Break(1)?;
    }
    ControlFlow::Continue(())
}

#[samara::step]
#[track_caller]
fn polled(text: &str) -> Poll<Result<u64, ParseIntError>> {
    Poll::Ready(Ok(text.parse::<u64>()?))
}

#[samara::step]
#[track_caller]
fn later(rows: Vec<u64>) -> impl Future<Output = u32> {
    let line = Location::caller().line();
    async move {
        drop(rows);
        line
    }
}

#[samara::step]
#[track_caller]
fn in_a_result(n: &str) -> Result<impl Iterator<Item = u64>, ParseIntError> {
    let n = n.parse()?;
    if n == 0 {
        return Ok(0..1);
    }
    Ok(0..n)
}

#[samara::step]
#[track_caller]
fn written_by_a_macro(rows: &[&str]) -> Result<u64, ParseIntError> {
    macro_rules! sum {
        ($($row:expr),*) => { 0 $(+ $row.parse::<u64>()?)* };
    }
    println!("{}", rows[0].parse::<u64>()?);
    Ok(sum!(rows[0], "2"))
}

#[samara::step]
#[cfg_attr(all(), track_caller)]
fn on_a_condition() -> u32 {
    Location::caller().line()
}

#[samara::step]
#[track_caller]
fn without_an_end(n: u64) -> u64 {
    todo!("{n}")
}

#[samara::step]
#[track_caller]
fn a_closure(n: u64) -> impl Fn(&str) -> Option<u64> {
    if n > 0 {
        return move |text: &str| {
            let n = n + text.parse::<u64>().ok()?;
            if n == 2 {
                return None;
            }
            Some(n)
        };
    }
    panic!("zero")
}

#[samara::step]
#[track_caller]
fn a_loop(mut n: u64) -> Result<u64, ParseIntError> {
    if n > 1 {
        return loop {
            n += "1".parse::<u64>()?;
            if n > 9 {
                break Ok(n);
            }
            if n == 7 {
                return {
                    n -= 1;
                    Ok(n + 1)
                };
            }
        };
    }
    Ok(n)
}

#[samara::step]
#[track_caller]
#[rustfmt::skip]
fn patterns(n: Result<u64, u64>) -> Result<u64, String> {
    match n {
        | Ok(n) | Err(n) if n > 9 => return Err("large".to_owned()),
        | Ok(n)
        | Err(n) => return Ok(n),
    }
}

#[samara::step]
#[track_caller]
fn items(text: &str) -> Result<u64, ParseIntError> {
    macro_rules! one ( ($n:expr) => { $n }; );
    #[allow(unused_braces)]
    fn array<const N: usize>(text: &str) -> Result<[u64; { N }], ParseIntError> {
        let n = text.parse::<u64>()?;
        return Ok([n; N]);
    }
    let later = async |n: u64| n + 1;
    if text.is_empty() {
        return Ok(0);
    }
    Ok(one!(array::<1>(text)?[0]) + block_on(later(1)))
}

#[samara::step]
#[track_caller]
fn converting(text: &str) -> impl Future<Output = Result<u64, Box<dyn std::error::Error>>> {
    async { Ok(text.parse()?) }
}

struct Loader<T>(T);

impl<T> Loader<T> {
    #[samara::step(attributes(line = self.line()))]
    #[track_caller]
    fn own(self) -> (Self, u32)
    where
        T: Copy,
    {
        let line = self.line();
        (self, line)
    }

    #[samara::step]
    #[track_caller]
    fn line(&self) -> u32 {
        Location::caller().line()
    }

    #[samara::step]
    #[track_caller]
    fn row(&mut self) -> &mut T {
        &mut self.0
    }
}

fn main() {
    assert_eq!(line(), line!());
    assert_eq!(parsed(10, (10, 0)).unwrap(), line!());
    assert_eq!(parsed(9, (10, 0)).unwrap(), 9);
    assert!(parsed("x", (10, 0)).is_err() && parsed("", (10, 0)).is_err());
    unit(0);
    unit(1);
    std::panic::set_hook(Box::new(|_| {}));
    assert!(std::panic::catch_unwind(|| never()).is_err());
    assert_eq!(option("a=b;c"), Some("b"));
    assert_eq!(control_flow(true), ControlFlow::Break(1));
    assert_eq!(control_flow(false), ControlFlow::Continue(()));
    assert_eq!(polled("1"), Poll::Ready(Ok(1)));
    assert_eq!(block_on(later(vec![])), line!());
    assert_eq!(in_a_result("2").unwrap().count(), 2);
    assert!(in_a_result("x").is_err());
    assert_eq!(written_by_a_macro(&["1"]), Ok(3));
    assert_eq!(on_a_condition(), line!());
    assert!(std::panic::catch_unwind(|| without_an_end(1)).is_err());
    assert_eq!(a_closure(1)("1"), None);
    assert_eq!(a_closure(1)("2"), Some(3));
    assert_eq!((a_loop(1), a_loop(2), a_loop(8)), (Ok(1), Ok(7), Ok(10)));
    assert_eq!(patterns(Ok(1)), Ok(1));
    assert!(patterns(Err(10)).is_err());
    assert_eq!(items("1"), Ok(3));
    assert_eq!(block_on(converting("1")).unwrap(), 1);
    assert_eq!(Loader(1).own().1, line!());
    assert_eq!(Loader(1).line(), line!());
    assert_eq!(Loader(1).row(), &1);
}
