//! The program of what asks for readiness and judges it, and of what asks whether tables serve.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::ready()
}
