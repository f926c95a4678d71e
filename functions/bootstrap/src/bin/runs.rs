//! The program of what opens and closes runs.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::runs()
}
