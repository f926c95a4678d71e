//! The program of what makes, copies, adopts and prunes machine images.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::images()
}
