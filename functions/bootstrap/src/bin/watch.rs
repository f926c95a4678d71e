//! The program of what looks at a site.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::watch()
}
