//! The program of what stops the old primary.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::fence()
}
