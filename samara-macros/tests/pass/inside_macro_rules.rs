#![deny(warnings)]

use samara::entry::block_on;

macro_rules! steps {
    ($($name:ident: $type:ty = $value:expr),* $(,)?) => {
        $(
            #[samara::step(attributes(by))]
            fn $name(by: $type) -> $type {
                $value * by
            }
        )*
    };
}

macro_rules! forwarded {
    ($(#[$attribute:meta])* $id:literal $visibility:vis $name:ident($($argument:ident: $type:ty),*) -> $output:ty $body:block) => {
        $(#[$attribute])*
        #[samara::step(id = $id, kind = "transform", attributes($($argument),*))]
        $visibility async fn $name($($argument: $type),*) -> $output $body
    };
}

macro_rules! whole {
    ($item:item) => {
        #[samara::step]
        $item
    };
}

forwarded!(
    /// Adds.
    "add-two" pub(crate) add(one: u64, other: u64) -> Result<u64, String> {
        if one == 0 {
            return Err("zero".to_owned());
        }
        Ok(one + other)
    }
);

steps!(double: u64 = 2, triple: u8 = 3);

whole! {
    fn whole(text: &str) -> Option<u64> {
        let n = text.parse().ok()?;
        Some(n)
    }
}

fn main() {
    assert_eq!((double(2), triple(2)), (4, 6));
    assert_eq!(block_on(add(1, 2)), Ok(3));
    assert_eq!(block_on(add(0, 2)), Err("zero".to_owned()));
    assert_eq!(whole("1"), Some(1));
}
