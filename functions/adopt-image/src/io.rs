//! What goes in and what comes out.

use action::ids::{AmiId, ParameterName, RunId, WorkloadName};
use action::{Mode, Outcome, PlannedCall};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decide::{Adoption, Before};

/// Which image is to be launched from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// Plan or execute.
    pub mode: Mode,
    /// The run that made and proved the image.
    pub run: RunId,
    /// The workload that it is an image of.
    pub workload: WorkloadName,
    /// The image, in the recovery Region; null in plan mode, where none was made.
    pub image: Option<AmiId>,
    /// The SSM parameter that launches read the image's id from.
    pub pointer: ParameterName,
}

/// What the pointer names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// `changed`, `unchanged` if the image was tagged and pointed at already, or `planned`.
    pub outcome: Outcome,
    /// One sentence for people.
    pub because: String,
    /// The image that launches use, or would; null in plan mode where none was made.
    pub image: Option<AmiId>,
    /// The image that the pointer named before; null if it named none, or this one already. SSM keeps it in the pointer's
    /// history.
    pub previous: Option<AmiId>,
    /// In plan mode, the calls that would be made.
    pub calls: Vec<PlannedCall>,
}

impl Reply {
    pub(crate) fn unchanged(request: &Request, proven: Timestamp) -> Self {
        Self {
            outcome: Outcome::Unchanged,
            because: format!("{} is proven since {proven}, and {} names it", image(request), request.pointer),
            image: request.image.clone(),
            previous: None,
            calls: vec![],
        }
    }

    pub(crate) fn of_no_image_yet(request: &Request, calls: Vec<PlannedCall>) -> Self {
        Self {
            outcome: Outcome::Planned,
            because: format!(
                "would call ec2:CreateTags and ssm:PutParameter {} in the recovery Region on the image that copy-image would make",
                request.pointer
            ),
            image: None,
            previous: None,
            calls,
        }
    }

    pub(crate) fn of(outcome: Outcome, request: &Request, adoption: &Adoption) -> Self {
        let (image, pointer) = (image(request), &request.pointer);
        let before = match &adoption.before {
            Before::Nothing => "which names no image yet".to_owned(),
            Before::This => "which names it already".to_owned(),
            Before::Image(previous) => format!("which names {previous}"),
            Before::Text(text) => format!("which holds {text:?} and so no image"),
        };
        let because = match (outcome, adoption.tag, adoption.point) {
            (Outcome::Planned, true, true) => format!(
                "would call ec2:CreateTags in the recovery Region on {image} as proven and ssm:PutParameter in the recovery Region on \
                 {pointer}, {before}"
            ),
            (Outcome::Planned, true, false) => {
                format!("would call ec2:CreateTags in the recovery Region on {image} as proven; {pointer} names it already")
            }
            (Outcome::Planned, false, _) => format!("would call ssm:PutParameter in the recovery Region on {pointer} as {image}, {before}"),
            (_, _, false) => format!("tagged {image} as proven; {pointer} named it already"),
            (_, _, true) => format!("{pointer} names {image}, which is proven; before, {}", adoption.before),
        };
        Self {
            outcome,
            because,
            image: request.image.clone(),
            previous: match &adoption.before {
                Before::Image(previous) => Some(previous.clone()),
                Before::Nothing | Before::This | Before::Text(_) => None,
            },
            calls: vec![],
        }
    }
}

fn image(request: &Request) -> &str {
    request.image.as_ref().map_or("the image", AmiId::as_str)
}
