struct Opaque;

#[samara::step(attributes(?opaque))]
fn load(opaque: Opaque) {
    let _ = opaque;
}

fn main() {}
