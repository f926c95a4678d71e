//! What the build of the artifact rests on.

use std::path::Path;

/// cargo-lambda sets `panic = "abort"` and `lto = "thin"` for a release, unless the workspace's own profile has them
/// (cargo-lambda.info/guide/release-optimizations.html). An abort would end a function without the panic's report.
#[test]
fn the_release_profile_leaves_nothing_to_the_packager() {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let release = &manifest["profile"]["release"];
    assert_eq!(release["panic"].as_str(), Some("unwind"));
    assert_eq!(release["lto"].as_str(), Some("fat"));
    assert_eq!(release["opt-level"].as_str(), Some("s"));
    assert_eq!(release["codegen-units"].as_integer(), Some(1));
    assert_eq!(release["strip"].as_bool(), Some(true));
}
