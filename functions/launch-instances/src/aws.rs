//! Every AWS call of the action, by what it is about; each returns the decisions' types.

mod fleet;
mod inquire;
mod launch;
mod serve;

pub(crate) use fleet::{checks, instances};
pub use inquire::surroundings;
pub(crate) use inquire::{image_chosen, reserved};
pub(crate) use launch::{Answer, Template, dry_run, planned, run};
pub(crate) use serve::{address, associate, health, planned_lead, register};

use action::ids::Malformed;

use crate::error::Error;

/// The clients that the action needs, each in the recovery Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Instances, images, templates, addresses.
    pub ec2: aws_sdk_ec2::Client,
    /// Target groups.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// The image pointer.
    pub ssm: aws_sdk_ssm::Client,
}

/// A field that AWS always gives, parsed; anything else is an answer that nothing may be built on.
fn given<T: TryFrom<String, Error = Malformed>>(field: &'static str, value: Option<&str>) -> Result<T, Error> {
    let value = value.ok_or(Error::Absent(field))?;
    T::try_from(value.to_owned()).map_err(|source| Error::Malformed { field, source })
}

/// A text field that AWS always gives.
fn text(field: &'static str, value: Option<&str>) -> Result<String, Error> {
    value.map(str::to_owned).ok_or(Error::Absent(field))
}

/// Empty texts, which some answers have in place of an absent element, as absent.
fn filled(value: Option<&str>) -> Option<String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned)
}
