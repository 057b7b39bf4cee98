trait Load {
    #[samara::step]
    fn load(&self);
}

fn main() {}
