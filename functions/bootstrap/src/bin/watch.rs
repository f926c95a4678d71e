//! The program of what watches: a site, and the age of an image.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::watch()
}
