//! The program of what stops the writes that a failover may have lost.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::keep()
}
