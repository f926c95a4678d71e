//! The program of what tells others where a workload now is.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::publish()
}
