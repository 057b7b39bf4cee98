#![deny(warnings)]

use samara::entry::block_on;

#[samara::step]
fn sync(n: u64) -> u64 {
    #![allow(unused_variables)]
    //! Documented inside.
    use std::cmp::max;

    struct Row(u64);

    impl Row {
        #[samara::step]
        fn doubled(&self) -> u64 {
            2 * self.0
        }
    }

    #[samara::step]
    fn inner(n: u64) -> u64 {
        n
    }

    const ONE: u64 = 1;
    let unused = 1;
    let closure = |n: u64| {
        if n == 0 {
            return ONE;
        }
        n
    };
    max(Row(inner(n)).doubled(), closure(n))
}

#[samara::step]
async fn in_the_future(n: u64) -> u64 {
    #![allow(unused_variables)]
    use std::cmp::max;

    #[samara::step]
    async fn inner(n: u64) -> u64 {
        n
    }

    let unused = 1;
    max(inner(n).await, 1)
}

#[samara::step]
async fn labelled(rows: &[u64]) -> Option<u64> {
    let found = 'search: {
        for row in rows {
            if *row > 1 {
                break 'search *row;
            }
        }
        return None;
    };
    Some(found)
}

#[samara::step]
fn in_a_macro(rows: &mut Vec<u64>) -> Result<(), String> {
    macro_rules! push {
        ($($row:expr),*) => { $(rows.push(parsed($row)?);)* };
    }
    fn parsed(text: &str) -> Result<u64, String> {
        text.parse().map_err(|_| text.to_owned())
    }
    push!("1", "2", "x");
    Ok(())
}

fn main() {
    assert_eq!(sync(2), 4);
    assert_eq!(block_on(in_the_future(0)), 1);
    assert_eq!(block_on(labelled(&[1, 2])), Some(2));
    assert_eq!(block_on(labelled(&[1])), None);
    let mut rows = vec![];
    assert_eq!(in_a_macro(&mut rows), Err("x".to_owned()));
    assert_eq!(rows, [1, 2]);
}
