//! Every AWS call of the action, in either Region.

mod references;
mod remove;

use action::ids::Region;

pub(crate) use references::references;
pub(crate) use remove::{Gone, deregister, dry_run};

use crate::decide::references::References;
use crate::decide::{Inventory, Seen};
use crate::error::Error;
use crate::io::{Regions, Request};

/// The clients of one Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Auto Scaling groups and launch configurations.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Images, launch templates and instances.
    pub ec2: aws_sdk_ec2::Client,
    /// The image pointer.
    pub ssm: aws_sdk_ssm::Client,
}

/// The clients of both Regions.
pub(crate) struct Both {
    pub(crate) primary: Clients,
    pub(crate) recovery: Clients,
    primary_region: Region,
}

impl Both {
    pub(crate) fn of(regions: &Regions, clients: impl Fn(&Region) -> Clients) -> Self {
        Self {
            primary: clients(&regions.primary),
            recovery: clients(&regions.recovery),
            primary_region: regions.primary.clone(),
        }
    }

    /// The clients of one of the two Regions.
    pub(crate) fn in_region(&self, region: &Region) -> &Clients {
        if *region == self.primary_region {
            &self.primary
        } else {
            &self.recovery
        }
    }
}

/// The workload's images in both Regions, with nothing yet of what refers to them.
pub(crate) async fn images(both: &Both, request: &Request) -> Result<Seen, Error> {
    let look = async |clients: &Clients, region: &Region| {
        let images = images::of_workload(&clients.ec2, &request.workload).await;
        Ok::<_, Error>(Inventory {
            region: region.clone(),
            images: images.map_err(|error| Error::Observe(region.clone(), error))?,
            references: References::default(),
        })
    };
    Ok(Seen {
        primary: look(&both.primary, &request.regions.primary).await?,
        recovery: look(&both.recovery, &request.regions.recovery).await?,
    })
}
