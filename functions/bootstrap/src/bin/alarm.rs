//! The program of what hears an alarm.

fn main() -> Result<(), lambda_runtime::Error> {
    bootstrap::alarm()
}
