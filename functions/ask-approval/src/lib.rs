//! Asks people whether a run may go on, and leaves the machine waiting for their answer.
//!
//! Called with a task token, which it keeps in the ledger before anybody is told, so that an answer always finds it. Asked
//! again for the same run, the new token takes the place of the old one, people are not told twice, and an answer that came
//! meanwhile is delivered. The answer is answer-approval's; that nobody answers is the machine's to notice. What this writes
//! concerns the books only; in plan mode it makes no call, and lists those by which it would ask.

mod aws;
pub mod decide;
pub mod error;
pub mod io;
pub mod message;

use action::{Call, Outcome, clock, environment};
use jiff::Timestamp;

use decide::{Step, expiry, next};
pub use error::Error;
use io::{Reply, Request};

/// The action's name.
pub const NAME: &str = "ask-approval";

/// Every AWS call that this action can make.
pub const CALLS: &[Call] = &[
    Call::change("dynamodb:UpdateItem"),
    Call::change("sns:Publish"),
    Call::change("states:SendTaskSuccess"),
];

/// The clients that this action needs.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// An answer that was there before its token.
    pub sfn: aws_sdk_sfn::Client,
    /// People.
    pub sns: aws_sdk_sns::Client,
}

/// What the engine's template tells this function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ledger's table: `RELIGHT_LEDGER`.
    pub ledger: String,
    /// The engine's topic: `RELIGHT_TOPIC`.
    pub topic: String,
}

/// Asks.
///
/// # Errors
/// When the request is whole in neither mode, or the ledger or the topic doesn't answer.
pub async fn handle(request: Request, clients: &Clients, settings: &Settings, now: Timestamp) -> Result<Reply, Error> {
    let topic = request.topic.as_ref().map_or(settings.topic.as_str(), |topic| topic.as_str());
    let until = expiry(now, request.timeout_seconds);
    let Some(permit) = request.mode.permit() else {
        let calls = aws::planned(clients, &request, &settings.ledger, topic, now, until).await?;
        return Ok(Reply::planned(topic, request.timeout_seconds, calls));
    };
    let Some(token) = &request.token else {
        return Err(Error::NoToken(request.run.clone()));
    };
    let ledger = aws::Ledger {
        dynamodb: &clients.dynamodb,
        table: &settings.ledger,
        workload: &request.workload,
        run: &request.run,
    };
    let approval = ledger.ask(token, &request.execution, now, until, &permit).await?;
    match next(&approval) {
        Step::Deliver(answer) => {
            aws::deliver(&clients.sfn, &request.run, token, &answer, &permit).await?;
            Ok(Reply::asked(Outcome::Changed, answer.told(), &approval))
        }
        Step::Wait { told_at } => {
            let because = format!(
                "people were told at {told_at}; waits for their answer until {}",
                approval.expires_at
            );
            Ok(Reply::asked(Outcome::Unchanged, because, &approval))
        }
        Step::Tell => {
            let (subject, text) = message::message(&request, &approval);
            aws::tell(&clients.sns, topic, &subject, &text, &permit).await?;
            ledger.told(now, &permit).await?;
            let because = format!("asked people by {topic}; waits for their answer until {}", approval.expires_at);
            Ok(Reply::asked(Outcome::Changed, because, &approval))
        }
    }
}

/// Builds the clients and serves.
///
/// # Errors
/// When the environment lacks a setting, or the runtime can't be reached.
pub async fn serve() -> Result<(), lambda_runtime::Error> {
    let config = action::aws::config(NAME)?;
    let settings = Settings {
        ledger: environment::required("RELIGHT_LEDGER")?,
        topic: environment::required("RELIGHT_TOPIC")?,
    };
    let clients = Clients {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        sfn: aws_sdk_sfn::Client::new(&config),
        sns: aws_sdk_sns::Client::new(&config),
    };
    action::run(NAME, |request| handle(request, &clients, &settings, clock::now())).await
}
