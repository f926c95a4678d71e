//! The program of what moves the database.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::database()
}
