//! The tags of an image that Relight made. Pruning touches nothing without the first two.

/// The workload that it is an image of. Also what a resource opts in by.
pub const WORKLOAD: &str = "relight:workload";
/// The run that made it; the copy carries the same as its source.
pub const RUN: &str = "relight:run";
/// The instance that it was made of.
pub const SOURCE: &str = "relight:source";
/// When it was asked for, as RFC 3339 in whole seconds of UTC; the copy carries the same as its source, since its age is that of the data.
pub const MADE: &str = "relight:made";
/// When a copy was proven to boot and serve, in the same form. Only the copy in the recovery Region has it.
pub const PROVEN: &str = "relight:proven";
/// When the last good drill booted it, in the same form. Written by drills.
pub const DRILLED: &str = "relight:drilled";

/// The tags that an image has from its making, and that its copy must have too.
pub const FROM_THE_MAKING: [&str; 4] = [WORKLOAD, RUN, SOURCE, MADE];
