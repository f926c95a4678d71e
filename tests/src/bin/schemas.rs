//! Writes the committed JSON Schemas from the types: `cargo xtask schemas`.
#![allow(clippy::print_stdout, reason = "a program for people at a terminal")]

fn main() -> Result<(), relight_tests::Unreadable> {
    for (name, schema) in relight_tests::schemas()? {
        let path = relight_tests::root().join("schemas").join(name);
        std::fs::write(&path, schema)?;
        println!("{}", path.display());
    }
    Ok(())
}
