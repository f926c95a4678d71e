//! The program of what tells others where a workload now is, and of what sends its users there.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::traffic()
}
