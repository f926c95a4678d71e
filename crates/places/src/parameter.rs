//! The calls on a parameter.

use action::aws::{Failure, on_paper};
use action::ids::ParameterName;
use action::{Permit, PlannedCall, Rehearsal};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::ParameterType;
use ledger::Value;

use crate::error::Error;
use crate::place::Place;

pub(crate) async fn read(ssm: &Client, place: &Place, name: &ParameterName) -> Result<Option<Value>, Error> {
    let answer = match ssm.get_parameter().name(name.as_str()).send().await.map_err(Failure::from) {
        Ok(answer) => answer,
        Err(failure) if failure.is(&["ParameterNotFound"]) => return Ok(None),
        Err(failure) => return Err(Error::Read(place.clone(), failure)),
    };
    let absent = |what| Error::Absent(place.clone(), what);
    let parameter = answer.parameter().ok_or_else(|| absent("Parameter"))?;
    let kind = parameter.r#type().ok_or_else(|| absent("Parameter.Type"))?;
    if *kind != ParameterType::String {
        return Err(Error::OtherType(place.clone(), format!("a {}", kind.as_str())));
    }
    // The default is text (API_Parameter); the value of another is checked after the call has returned (API_PutParameter).
    if let Some(data) = parameter.data_type().filter(|data| *data != "text") {
        return Err(Error::OtherType(place.clone(), format!("a String of data type {data}")));
    }
    let text = parameter.value().ok_or_else(|| absent("Parameter.Value"))?.to_owned();
    // An advanced parameter holds more than can be put back here.
    place.admits(&text)?;
    Ok(Some(place.holding(text, None)))
}

pub(crate) async fn write(ssm: &Client, name: &ParameterName, value: &Value, _permit: &Permit) -> Result<(), Failure> {
    writing(ssm, name, value).send().await?;
    Ok(())
}

pub(crate) async fn planned_write(ssm: &Client, name: &ParameterName, value: &Value) -> Result<PlannedCall, Failure> {
    let rehearsal = Rehearsal::unsent();
    let paper = Client::new(&on_paper(ssm.config().region()));
    let put = writing(&paper, name, value).customize();
    rehearsal.call(put.interceptor(rehearsal.clone()).send().await)
}

fn writing(ssm: &Client, name: &ParameterName, value: &Value) -> PutParameterFluentBuilder {
    ssm.put_parameter()
        .name(name.as_str())
        .value(&value.text)
        .r#type(ParameterType::String)
        .overwrite(true)
}
