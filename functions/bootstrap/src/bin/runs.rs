//! The program of what starts, opens and closes runs.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::runs()
}
