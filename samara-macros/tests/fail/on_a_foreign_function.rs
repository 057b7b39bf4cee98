unsafe extern "C" {
    #[samara::step]
    fn load();
}

fn main() {}
