//! The program of what raises a group to its full size.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::scale()
}
