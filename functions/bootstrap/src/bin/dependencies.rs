//! The program of what asks about that which a recovery relies on and never calls.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::dependencies()
}
