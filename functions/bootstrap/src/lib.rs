//! The programs that Lambda starts, and which actions each holds.
//!
//! A bundle holds the actions that talk to the same services, so that a zip stays small and a process touches few pages; it
//! picks the action by the handler's name, which Lambda sets from the function's `Handler` property. All bundles are built
//! together and share one digest, the version of the engine; each function still has its own role, memory, time-out and alarm.
#![recursion_limit = "256"] // The type of lambda_runtime's stack of services around the deepest action is that deep.

use action::environment;
use lambda_runtime::Error;

/// One program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its name, and its zip's.
    pub name: &'static str,
    /// The actions that it holds, by the names of their handlers.
    pub actions: &'static [&'static str],
}

macro_rules! bundles {
    ($($(#[$doc:meta])+ $bundle:ident holds $($action:ident),+;)+) => {
        $(
            $(#[$doc])+
            ///
            /// # Errors
            /// When the handler is none of its actions, the environment lacks a setting, or the runtime can't be reached.
            pub fn $bundle() -> Result<(), Error> {
                let handler = environment::required("_HANDLER")?;
                // One thread: a function serves one request at a time.
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async {
                    match handler.as_str() {
                        $($action::NAME => $action::serve().await,)+
                        unknown => Err(format!("handler {unknown:?} is no action of bundle {}", stringify!($bundle)).into()),
                    }
                })
            }
        )+

        /// Every bundle.
        pub const BUNDLES: &[Bundle] = &[
            $(Bundle { name: stringify!($bundle), actions: &[$($action::NAME),+] }),+
        ];
    };
}

bundles! {
    /// Serves what moves the database.
    database holds check_database, choose_promotion, detach_global_cluster, failover_global_cluster;
    /// Serves what starts and ends instances.
    compute holds launch_instances, terminate_instances;
    /// Serves what asks whether instances could be had.
    capacity holds check_compute;
    /// Serves what raises a group to its full size.
    scale holds scale_group;
    /// Serves what stops the old primary.
    fence holds fence_primary;
    /// Serves what keeps the writes that a failover may have lost.
    keep holds keep_lost_writes;
    /// Serves what makes, copies, adopts and prunes machine images.
    images holds create_image, copy_image, adopt_image, prune_images;
    /// Serves what looks at a site.
    watch holds smoke_test;
    /// Serves what asks about that which a recovery relies on and never calls.
    dependencies holds check_dependencies;
    /// Serves what asks for readiness and judges it, and what asks whether tables serve.
    ready holds check_plan, check_readiness, check_tables;
    /// Serves what tells others where a workload now is.
    publish holds publish_endpoint;
    /// Serves what sends users to one Region or the other.
    traffic holds shift_traffic;
    /// Serves what hears an alarm, and what decides again before anything is changed.
    alarm holds start_recovery, confirm_outage;
    /// Serves what opens and closes runs.
    runs holds open_run, close_run;
    /// Serves what people say: to a question of a run, or to stop one.
    people holds ask_approval, answer_approval, stop_run;
}
