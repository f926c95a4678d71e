//! The program of what starts instances.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::compute()
}
