//! The one binary of all functions: picks the action by the handler's name, which Lambda sets from the function's
//! `Handler` property.
//!
//! One artifact, one digest, one version of the whole engine; each function still has its own role, memory, time-out
//! and alarm. Only the clients that the chosen action needs are built.
#![recursion_limit = "256"] // The type of lambda_runtime's stack of services around the deepest action is that deep.

use action::environment;
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let handler = environment::required("_HANDLER")?;
    match handler.as_str() {
        choose_promotion::NAME => choose_promotion::serve().await,
        close_run::NAME => close_run::serve().await,
        detach_global_cluster::NAME => detach_global_cluster::serve().await,
        failover_global_cluster::NAME => failover_global_cluster::serve().await,
        launch_instances::NAME => launch_instances::serve().await,
        open_run::NAME => open_run::serve().await,
        smoke_test::NAME => smoke_test::serve().await,
        start_recovery::NAME => start_recovery::serve().await,
        unknown => Err(format!("handler {unknown:?} is none of this artifact's actions").into()),
    }
}
