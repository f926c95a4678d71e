//! By a parameter or an object that the users' own way in reads.

use jiff::Timestamp;

use crate::Clients;
use crate::decide::{Decision, place, value};
use crate::error::Error;
use crate::io::{Reply, Request, Side};

pub(crate) async fn shift(request: &Request, clients: &Clients, now: Timestamp) -> Result<Reply, Error> {
    let places = &clients.places;
    let (place, text) = place(&request.traffic, request.to).ok_or(Error::NoPlace)?;
    let seen = places.read(&place).await?;
    let kept = match request.to {
        Side::Recovery => None,
        Side::Primary => places.kept(&request.workload, &place).await?,
    };
    let kept = kept.and_then(|kept| kept.was);
    let Decision::Shift(value) = value(request.to, &place, text, seen.as_ref(), kept.as_ref()) else {
        return Ok(Reply::there(format!("{place} sends users to {}", request.to)));
    };
    let Some(permit) = request.mode.permit() else {
        let mut calls = Vec::new();
        if request.to == Side::Recovery {
            calls.push(
                places
                    .planned_keep(&request.workload, &request.run, &place, seen.as_ref(), now)
                    .await?,
            );
        }
        calls.push(places.planned_write(&place, &value).await?);
        return Ok(Reply::planned(
            format!("would write {place}, which sends users to {}", request.to),
            calls,
        ));
    };
    let again = request.pace().next(now).map_err(|source| Error::TooLate {
        last: format!("{place} doesn't send users to {} yet", request.to),
        source,
    })?;
    if request.to == Side::Recovery {
        places
            .keep(&request.workload, &request.run, &place, seen.as_ref(), now, &permit)
            .await?;
    }
    places.write(&place, &value, &permit).await?;
    Ok(Reply::waiting(again, format!("wrote {place}, to be read back")))
}
