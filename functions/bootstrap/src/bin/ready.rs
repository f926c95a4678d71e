//! The program of what asks for readiness and judges it.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::ready()
}
