//! What `cargo run` and `cargo test` tell the programs that they start about themselves.

/// Whether a variable is one of these. A build script that asks for one of them would run again under a cargo that is started here.
pub fn sets(name: &str) -> bool {
    let names = [
        "CARGO",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
    ];
    let prefixes = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_FEATURE_", "CARGO_CFG_"];
    names.contains(&name)
        || name == "OUT_DIR"
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_for_cargo_pass_and_marks_of_an_outer_cargo_do_not() {
        assert!(
            ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO"]
                .into_iter()
                .all(sets)
        );
        assert!(
            !["CARGO_HOME", "CARGO_NET_OFFLINE", "CARGO_BUILD_JOBS"]
                .into_iter()
                .any(sets)
        );
    }
}
