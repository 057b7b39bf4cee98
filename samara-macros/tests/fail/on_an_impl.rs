struct Load;

#[samara::step]
impl Load {
    fn load(&self) {}
}

fn main() {}
