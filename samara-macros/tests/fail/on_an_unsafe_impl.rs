struct Load;

#[samara::step]
unsafe impl Send for Load {}

fn main() {}
