#[samara::step]
unsafe extern "C" {
    fn load();
}

fn main() {}
