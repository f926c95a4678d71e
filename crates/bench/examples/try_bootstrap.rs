//! The one binary of all functions: picks the action by the handler's name, which Lambda sets from the function's
//! `Handler` property.
//!
//! One artifact, one digest, one version of the whole engine; each function still has its own role, memory, time-out
//! and alarm. Only the clients that the chosen action needs are built.

use action::environment;
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let handler = environment::required("_HANDLER")?;
    match handler.as_str() {
        choose_promotion::NAME => Box::pin(choose_promotion::serve()).await,
        close_run::NAME => Box::pin(close_run::serve()).await,
        detach_global_cluster::NAME => Box::pin(detach_global_cluster::serve()).await,
        failover_global_cluster::NAME => Box::pin(failover_global_cluster::serve()).await,
        launch_instances::NAME => Box::pin(launch_instances::serve()).await,
        open_run::NAME => Box::pin(open_run::serve()).await,
        smoke_test::NAME => Box::pin(smoke_test::serve()).await,
        start_recovery::NAME => Box::pin(start_recovery::serve()).await,
        unknown => Err(format!("handler {unknown:?} is none of this artifact's actions").into()),
    }
}
