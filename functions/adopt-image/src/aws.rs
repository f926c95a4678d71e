//! The image pointer, the image's tag, and the two calls that change them.

use action::aws::{Failure, on_paper};
use action::ids::{AmiId, ParameterName};
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_ec2::operation::create_tags::builders::CreateTagsFluentBuilder;
use aws_sdk_ec2::types::Tag;
use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::ParameterType;
use images::tags;
use jiff::Timestamp;

use crate::error::Error;
use crate::io::Request;

/// The clients that the action needs, each in the recovery Region.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Images and their tags.
    pub ec2: aws_sdk_ec2::Client,
    /// The image pointer.
    pub ssm: aws_sdk_ssm::Client,
}

/// What the pointer holds; none if there is no such parameter yet.
pub(crate) async fn pointer(ssm: &aws_sdk_ssm::Client, name: &ParameterName) -> Result<Option<String>, Error> {
    let answer = match ssm.get_parameter().name(name.as_str()).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let failure = Failure::from(error);
            return if failure.is(&["ParameterNotFound"]) {
                Ok(None)
            } else {
                Err(Error::GetParameter(name.clone(), failure))
            };
        }
    };
    let value = answer.parameter().and_then(|parameter| parameter.value());
    Ok(Some(value.ok_or(Error::Malformed("Parameter.Value"))?.to_owned()))
}

/// Tags the image as proven now.
pub(crate) async fn tag(ec2: &aws_sdk_ec2::Client, image: &AmiId, now: Timestamp, _permit: &Permit) -> Result<(), Error> {
    let sent = tagging(ec2, image.as_str(), now).send().await;
    sent.map_err(|error| Error::CreateTags(image.clone(), error.into()))?;
    Ok(())
}

/// The tagging, after EC2's own check of it, which changes nothing; an error if it would not succeed.
pub(crate) async fn dry_tag(ec2: &aws_sdk_ec2::Client, image: &AmiId, now: Timestamp) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::dry_run();
    let call = tagging(ec2, image.as_str(), now).dry_run(true);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal.call(answer).map_err(|failure| Error::CreateTags(image.clone(), failure))
}

/// The pointing, which SSM has no dry run of.
pub(crate) async fn planned_point(ssm: &aws_sdk_ssm::Client, request: &Request, image: &str) -> Result<PlannedCall, Error> {
    let rehearsal = Rehearsal::unsent();
    let paper = aws_sdk_ssm::Client::new(&on_paper(ssm.config().region()));
    let call = pointing(&paper, request, image);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    rehearsal.call(answer).map_err(Error::Rehearse)
}

/// Both calls on an image that a plan run doesn't make.
pub(crate) async fn planned(clients: &Clients, request: &Request, now: Timestamp) -> Result<Vec<PlannedCall>, Error> {
    const UNMADE: &str = "(the image that copy-image makes)";
    let rehearsal = Rehearsal::unsent();
    let paper = aws_sdk_ec2::Client::new(&on_paper(clients.ec2.config().region()));
    let call = tagging(&paper, UNMADE, now);
    let answer = call.customize().interceptor(rehearsal.clone()).send().await;
    let tag = rehearsal.call(answer).map_err(Error::Rehearse)?;
    Ok(vec![tag, planned_point(&clients.ssm, request, UNMADE).await?])
}

fn tagging(ec2: &aws_sdk_ec2::Client, image: &str, now: Timestamp) -> CreateTagsFluentBuilder {
    // In whole seconds, as all times in tags.
    let seconds = Timestamp::from_second(now.as_second()).unwrap_or(now);
    ec2.create_tags()
        .resources(image)
        .tags(Tag::builder().key(tags::PROVEN).value(seconds.to_string()).build())
}

/// Points the pointer at the image; SSM keeps what it held before as an earlier version (API_PutParameter, `Overwrite`;
/// API_GetParameterHistory).
pub(crate) async fn point(ssm: &aws_sdk_ssm::Client, request: &Request, image: &AmiId, _permit: &Permit) -> Result<(), Error> {
    pointing(ssm, request, image.as_str())
        .send()
        .await
        .map_err(|error| Error::PutParameter(request.pointer.clone(), image.clone(), error.into()))?;
    Ok(())
}

fn pointing(ssm: &aws_sdk_ssm::Client, request: &Request, image: &str) -> PutParameterFluentBuilder {
    ssm.put_parameter()
        .name(request.pointer.as_str())
        .value(image)
        .r#type(ParameterType::String)
        .overwrite(true)
        .description(format!(
            "The image that {} is launched from; adopted by run {}",
            request.workload, request.run
        ))
}
