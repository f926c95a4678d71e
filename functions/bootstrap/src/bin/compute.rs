//! The program of what starts and ends instances.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::compute()
}
