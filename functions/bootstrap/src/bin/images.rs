//! The program of what makes, copies, adopts, prunes and checks machine images.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::images()
}
