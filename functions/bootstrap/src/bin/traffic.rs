//! The program of what sends users to one Region or the other.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::traffic()
}
