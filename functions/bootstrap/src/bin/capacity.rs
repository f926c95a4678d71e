//! The program of what asks whether instances could be had.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::capacity()
}
