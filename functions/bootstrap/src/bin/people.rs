//! The program of what people say.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::people()
}
