//! The program of what hears an alarm, and of what decides again before anything is changed.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::alarm()
}
