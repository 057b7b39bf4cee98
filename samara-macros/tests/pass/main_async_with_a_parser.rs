#![deny(warnings)]

/// Counts.
#[derive(clap::Parser)]
struct Arguments {
    /// How often
    #[arg(long, default_value_t = 2)]
    times: u8,
}

/// Documented.
#[samara::main]
async fn main(mut arguments: Arguments) -> Result<(), String> {
    arguments.times += 1;
    assert_eq!(arguments.times, 3);
    Ok(())
}
