#![deny(warnings)]

mod outer {
    pub mod inner {
        #[samara::step]
        pub(crate) fn of_the_crate() -> u8 {
            1
        }

        #[samara::step]
        pub(super) async fn of_the_parent() -> u8 {
            1
        }

        #[samara::step]
        pub(in crate::outer) fn of_a_path() -> u8 {
            1
        }
    }

    #[samara::step]
    pub fn all() -> u8 {
        samara::entry::block_on(inner::of_the_parent()) + inner::of_a_path()
    }
}

fn main() {
    assert_eq!(outer::inner::of_the_crate() + outer::all(), 3);
}
