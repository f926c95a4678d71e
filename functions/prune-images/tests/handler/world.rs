//! EC2, Auto Scaling and SSM of two Regions in miniature.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use action::ids::Region;
use action::{ErrorName, NamedError as _, chain};
use aws_sdk_autoscaling::operation::{
    describe_auto_scaling_groups::DescribeAutoScalingGroupsOutput, describe_launch_configurations::DescribeLaunchConfigurationsOutput,
};
use aws_sdk_autoscaling::types::{AutoScalingGroup, LaunchConfiguration};
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::operation::{
    deregister_image::DeregisterImageOutput, describe_images::DescribeImagesOutput, describe_instances::DescribeInstancesOutput,
    describe_launch_template_versions::DescribeLaunchTemplateVersionsOutput, describe_launch_templates::DescribeLaunchTemplatesOutput,
};
use aws_sdk_ec2::types::*;
use aws_sdk_ssm::operation::get_parameter::GetParameterOutput;
use aws_sdk_ssm::types::Parameter;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use prune_images::Clients;
use prune_images::io::{Reply, Request};
use serde_json::{Value, json};

pub(crate) const PRIMARY: &str = "us-east-1";
pub(crate) const RECOVERY: &str = "us-west-1";
pub(crate) const POINTER: &str = "/relight/unishop/image";

/// What there is in one Region.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) images: Vec<Image>,
    /// Launch templates by id: of each version the image.
    pub(crate) templates: BTreeMap<&'static str, Vec<String>>,
    pub(crate) configurations: Vec<LaunchConfiguration>,
    pub(crate) groups: Vec<AutoScalingGroup>,
    /// Each with the image that it was launched from.
    pub(crate) instances: Vec<(&'static str, String, InstanceStateName)>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// What DeregisterImage says of a snapshot of this image.
    pub(crate) snapshots: BTreeMap<String, SnapshotReturnCodes>,
}

#[derive(Default)]
pub(crate) struct State {
    places: BTreeMap<String, Place>,
    /// The code with which an operation, or an operation on an image, fails, with its HTTP status.
    pub(crate) refusals: BTreeMap<String, (u16, &'static str)>,
    calls: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct World(Arc<Mutex<State>>);

fn refused<O, E>(refusal: (u16, &'static str)) -> MockResponse<O, E> {
    let (status, code) = refusal;
    let body = format!("<Response><Errors><Error><Code>{code}</Code><Message>said AWS</Message></Error></Errors></Response>");
    MockResponse::Http(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
}

/// The same in the query protocol of Auto Scaling.
fn refused_query<O, E>(refusal: (u16, &'static str)) -> MockResponse<O, E> {
    let (status, code) = refusal;
    let body = format!("<ErrorResponse><Error><Code>{code}</Code><Message>said AWS</Message></Error></ErrorResponse>");
    MockResponse::Http(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
}

/// The same in the JSON protocol of SSM.
fn refused_json<O, E>(refusal: (u16, &'static str)) -> MockResponse<O, E> {
    let body = json!({"__type": refusal.1, "message": "said AWS"}).to_string();
    MockResponse::Http(HttpResponse::new(refusal.0.try_into().unwrap(), SdkBody::from(body)))
}

impl World {
    /// Four proven images in the recovery Region, `ami-…1` the oldest, and their sources, `ami-…11` and so on; the pointer
    /// names the newest.
    pub(crate) fn of_four() -> Self {
        let world = Self::default();
        for run in 1..=4 {
            world.place(PRIMARY, |place| place.images.push(image(10 + run, run, None)));
            world.place(RECOVERY, |place| place.images.push(image(run, run, Some(10 + run))));
        }
        world.place(RECOVERY, |place| place.parameters.insert(POINTER.to_owned(), id(4)));
        world
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap())
    }

    pub(crate) fn place<T>(&self, region: &str, change: impl FnOnce(&mut Place) -> T) -> T {
        self.change(|state| change(state.places.entry(region.to_owned()).or_default()))
    }

    /// The calls since the last time, each with its Region, in order of their names: some are made side by side.
    pub(crate) fn calls(&self) -> Vec<String> {
        let mut calls = self.change(|state| std::mem::take(&mut state.calls));
        calls.sort();
        calls
    }

    /// The changing calls since the last time, in their order.
    pub(crate) fn removals(&self) -> Vec<String> {
        let calls = self.change(|state| std::mem::take(&mut state.calls));
        calls.into_iter().filter(|call| call.starts_with("DeregisterImage")).collect()
    }

    pub(crate) fn left(&self, region: &str) -> Vec<String> {
        self.place(region, |place| {
            place.images.iter().map(|image| image.image_id().unwrap().to_owned()).collect()
        })
    }

    pub(crate) async fn call(&self, request: &Value) -> Result<Reply, (ErrorName, String)> {
        self.call_at("2026-11-21T03:16:30Z", request).await
    }

    pub(crate) async fn call_at(&self, time: &str, request: &Value) -> Result<Reply, (ErrorName, String)> {
        let request: Request = serde_json::from_value(request.clone()).unwrap();
        let clients = |region: &Region| self.clients(region.as_str());
        let reply = prune_images::handle(request, clients, time.parse().unwrap()).await;
        let reply = reply.map_err(|error| (error.name(), chain(&error)))?;
        // What a plan lists of its calls may be longer than what is said about them.
        let said = Reply {
            calls: vec![],
            ..reply.clone()
        };
        let width = serde_json::to_string(&said).unwrap().len();
        assert!(width < 4_000, "{width} bytes");
        Ok(reply)
    }

    fn see<T>(&self, region: &str, operation: &str, on: &str, answer: impl FnOnce(&mut Place) -> T) -> Result<T, (u16, &'static str)> {
        self.change(|state| {
            let call = format!("{operation} {region} {on}").trim_end().to_owned();
            state.calls.push(call.clone());
            let refusal = state.refusals.iter().find(|(key, _)| call.starts_with(key.as_str()));
            match refusal.map(|(_, refusal)| *refusal) {
                Some(refusal) => Err(refusal),
                None => Ok(answer(state.places.entry(region.to_owned()).or_default())),
            }
        })
    }

    fn clients(&self, region: &str) -> Clients {
        Clients {
            autoscaling: self.autoscaling(region.to_owned()),
            ec2: self.ec2(region.to_owned()),
            ssm: self.ssm(region.to_owned()),
        }
    }

    fn ec2(&self, region: String) -> aws_sdk_ec2::Client {
        use aws_sdk_ec2::Client;
        let here = || (self.clone(), region.clone());
        let (world, place) = here();
        let images = mock!(Client::describe_images).then_compute_response(move |input| {
            assert_eq!((input.owners(), input.include_disabled()), (&["self".to_owned()][..], Some(true)));
            let seen = world.see(&place, "DescribeImages", "", |place| place.images.clone());
            seen.map_or_else(refused, |images| {
                MockResponse::Output(DescribeImagesOutput::builder().set_images(Some(images)).build())
            })
        });
        let (world, place) = here();
        let templates = mock!(Client::describe_launch_templates).then_compute_response(move |_| {
            let seen = world.see(&place, "DescribeLaunchTemplates", "", |place| {
                let all = place
                    .templates
                    .keys()
                    .map(|id| LaunchTemplate::builder().launch_template_id(*id).build());
                DescribeLaunchTemplatesOutput::builder()
                    .set_launch_templates(Some(all.collect()))
                    .build()
            });
            seen.map_or_else(refused, MockResponse::Output)
        });
        let (world, place) = here();
        let versions = mock!(Client::describe_launch_template_versions).then_compute_response(move |input| {
            assert!(input.versions().is_empty(), "every version is asked for");
            let id = input.launch_template_id().unwrap();
            let seen = world.see(&place, "DescribeLaunchTemplateVersions", id, |place| {
                let all = place.templates[id].iter().zip(1..).map(|(image, number)| {
                    let data = ResponseLaunchTemplateData::builder().image_id(image).build();
                    let version = LaunchTemplateVersion::builder().version_number(number);
                    version.launch_template_id(id).launch_template_data(data).build()
                });
                DescribeLaunchTemplateVersionsOutput::builder()
                    .set_launch_template_versions(Some(all.collect()))
                    .build()
            });
            seen.map_or_else(refused, MockResponse::Output)
        });
        let (world, place) = here();
        let instances = mock!(Client::describe_instances).then_compute_response(move |input| {
            assert_eq!(input.filters().len(), 1);
            let wanted = input.filters()[0].values();
            let seen = world.see(&place, "DescribeInstances", "", |place| {
                let all = place.instances.iter().filter(|(_, image, _)| wanted.contains(image));
                let all = all.map(|(id, image, state)| {
                    let state = InstanceState::builder().name(state.clone()).build();
                    Instance::builder().instance_id(*id).image_id(image).state(state).build()
                });
                let reservation = Reservation::builder().set_instances(Some(all.collect())).build();
                DescribeInstancesOutput::builder().reservations(reservation).build()
            });
            seen.map_or_else(refused, MockResponse::Output)
        });
        let (world, place) = here();
        let deregister = mock!(Client::deregister_image).then_compute_response(move |input| {
            assert_eq!(input.delete_associated_snapshots(), Some(true));
            let (id, dry) = (input.image_id().unwrap(), input.dry_run() == Some(true));
            let operation = if dry { "DryRun" } else { "DeregisterImage" };
            let seen = world.see(&place, operation, id, |place| {
                let code = place.snapshots.get(id).cloned().unwrap_or(SnapshotReturnCodes::Success);
                if !dry {
                    place.images.retain(|image| image.image_id() != Some(id));
                }
                DeleteSnapshotReturnCode::builder()
                    .snapshot_id(format!("snap-of-{id}"))
                    .return_code(code)
                    .build()
            });
            match seen {
                Err(refusal) => refused(refusal),
                Ok(_) if dry => refused((412, "DryRunOperation")),
                Ok(result) => MockResponse::Output(DeregisterImageOutput::builder().delete_snapshot_results(result).build()),
            }
        });
        let rules = [&images, &templates, &versions, &instances, &deregister];
        mock_client!(aws_sdk_ec2, RuleMode::MatchAny, rules, |config| config
            .retry_config(RetryConfig::disabled()))
    }

    fn autoscaling(&self, region: String) -> aws_sdk_autoscaling::Client {
        use aws_sdk_autoscaling::Client;
        let (world, place) = (self.clone(), region.clone());
        let groups = mock!(Client::describe_auto_scaling_groups).then_compute_response(move |_| {
            let seen = world.see(&place, "DescribeAutoScalingGroups", "", |place| place.groups.clone());
            seen.map_or_else(refused_query, |groups| {
                MockResponse::Output(
                    DescribeAutoScalingGroupsOutput::builder()
                        .set_auto_scaling_groups(Some(groups))
                        .build(),
                )
            })
        });
        let (world, place) = (self.clone(), region);
        let configurations = mock!(Client::describe_launch_configurations).then_compute_response(move |_| {
            let seen = world.see(&place, "DescribeLaunchConfigurations", "", |place| place.configurations.clone());
            seen.map_or_else(refused_query, |all| {
                MockResponse::Output(
                    DescribeLaunchConfigurationsOutput::builder()
                        .set_launch_configurations(Some(all))
                        .build(),
                )
            })
        });
        mock_client!(aws_sdk_autoscaling, RuleMode::MatchAny, [&groups, &configurations], |config| config
            .retry_config(RetryConfig::disabled()))
    }

    fn ssm(&self, region: String) -> aws_sdk_ssm::Client {
        let world = self.clone();
        let parameter = mock!(aws_sdk_ssm::Client::get_parameter).then_compute_response(move |input| {
            let name = input.name().unwrap();
            match world.see(&region, "GetParameter", name, |place| place.parameters.get(name).cloned()) {
                Err(refusal) => refused_json(refusal),
                Ok(None) => refused_json((400, "ParameterNotFound")),
                Ok(Some(value)) => {
                    let parameter = Parameter::builder().value(value).build();
                    MockResponse::Output(GetParameterOutput::builder().parameter(parameter).build())
                }
            }
        });
        mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&parameter], |config| config
            .retry_config(RetryConfig::disabled()))
    }
}

pub(crate) fn id(number: u32) -> String {
    format!("ami-{number:017x}")
}

/// The image that run `unishop-<run>` made on that day of November, proven at that hour of the next day.
pub(crate) fn image(number: u32, run: u32, proven: Option<u32>) -> Image {
    let tag = |key: &str, value: String| Tag::builder().key(key).value(value).build();
    let image = Image::builder()
        .image_id(id(number))
        .name(format!("relight-unishop-unishop-{run}"))
        .state(ImageState::Available)
        .creation_date("2026-11-01T00:00:00.000Z")
        .tags(tag("relight:workload", "unishop".to_owned()))
        .tags(tag("relight:run", format!("unishop-{run}")))
        .tags(tag("relight:made", format!("2026-11-{:02}T03:00:00Z", run % 20 + 1)));
    match proven {
        Some(hour) => image.tags(tag("relight:proven", format!("2026-11-19T{hour:02}:00:00Z"))).build(),
        None => image.build(),
    }
}

pub(crate) fn request(mode: &str, keep: u16) -> Value {
    json!({
        "mode": mode,
        "run": "unishop-99",
        "workload": "unishop",
        "regions": {"primary": PRIMARY, "recovery": RECOVERY},
        "keep": keep,
        "minimumAgeSeconds": 86_400,
        "pointer": POINTER,
        "since": "2026-11-21T03:16:00Z",
        "deadline": "2026-11-21T03:30:00Z",
    })
}
