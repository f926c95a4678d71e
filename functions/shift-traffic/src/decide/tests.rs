use super::*;

fn value(text: &str) -> Value {
    Value {
        text: text.to_owned(),
        content_type: Some("application/json".to_owned()),
        cache_control: Some("max-age=5".to_owned()),
    }
}

#[test]
fn where_users_are_sent_already_nothing_is_written() {
    assert_eq!(metric(Side::Recovery, &AlarmState::Alarm, None), Decision::There);
    assert_eq!(metric(Side::Primary, &AlarmState::Ok, None), Decision::There);
    let moved = Controls {
        primary: Control::Off,
        recovery: Control::On,
    };
    assert_eq!(controls(Side::Recovery, moved, None), Decision::There);
    let place = Place::Parameter("/relight/unishop/serving".parse().unwrap());
    let west = place.holding("west".to_owned(), None);
    assert_eq!(super::value(Side::Recovery, &place, "west", Some(&west), None), Decision::There);
}

#[test]
fn the_metric_moves_users_by_one_and_brings_them_back_by_zero() {
    let (ok, alarm, unknown) = (AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData);
    let other = AlarmState::Other("NEW".to_owned());
    for (to, seen, kept, expected) in [
        (Side::Recovery, &ok, None, Decision::Shift(1)),
        (Side::Recovery, &unknown, None, Decision::Shift(1)),
        (Side::Recovery, &other, None, Decision::Shift(1)),
        (Side::Primary, &alarm, None, Decision::Shift(0)),
        (Side::Primary, &alarm, Some(&ok), Decision::Shift(0)),
        (Side::Primary, &alarm, Some(&unknown), Decision::Shift(0)),
        // They were there before the run.
        (Side::Primary, &alarm, Some(&alarm), Decision::There),
        (Side::Primary, &ok, Some(&alarm), Decision::Shift(1)),
        (Side::Primary, &unknown, None, Decision::There),
        (Side::Primary, &other, None, Decision::Shift(0)),
    ] {
        assert_eq!(metric(to, seen, kept), expected, "{to}: {seen}, kept {kept:?}");
    }
}

#[test]
fn both_controls_are_switched_and_brought_back_to_what_they_were() {
    use Control::{Off, On};
    let pair = |primary, recovery| Controls { primary, recovery };
    for (to, seen, kept, expected) in [
        (Side::Recovery, pair(On, Off), None, Decision::Shift(pair(Off, On))),
        (Side::Recovery, pair(On, On), None, Decision::Shift(pair(Off, On))),
        (Side::Recovery, pair(Off, Off), None, Decision::Shift(pair(Off, On))),
        (Side::Primary, pair(Off, On), None, Decision::Shift(pair(On, Off))),
        (Side::Primary, pair(Off, On), Some(pair(On, On)), Decision::Shift(pair(On, On))),
        (Side::Primary, pair(On, On), Some(pair(On, On)), Decision::There),
        (Side::Primary, pair(Off, On), Some(pair(Off, On)), Decision::There),
    ] {
        assert_eq!(controls(to, seen, kept), expected, "{to}: {seen:?}, kept {kept:?}");
    }
}

#[test]
fn controls_of_another_plan_restore_nothing() {
    let arn = |which: &str| -> RoutingControlArn {
        let text = format!("arn:aws:route53-recovery-control::123456789012:controlpanel/01/routingcontrol/{which}");
        text.parse().unwrap()
    };
    let states = States::from([
        (arn("east").to_string(), "On".to_owned()),
        (arn("west").to_string(), "Off".to_owned()),
    ]);
    let found = controls_of(&states, &arn("east"), &arn("west"));
    assert_eq!(
        found,
        Some(Controls {
            primary: Control::On,
            recovery: Control::Off
        })
    );
    assert_eq!(controls_of(&states, &arn("east"), &arn("north")), None);
}

#[test]
fn what_was_there_comes_back_with_all_that_it_had() {
    let place = Place::Object {
        bucket: "relight-unishop-config".parse().unwrap(),
        key: "serving.json".to_owned(),
    };
    let was = value("{\"serving\":\"blue\"}");
    // Moved: the new text with what else the object had.
    let Decision::Shift(moved) = super::value(Side::Recovery, &place, "west", Some(&was), None) else {
        panic!("it is to be written")
    };
    assert_eq!((moved.text.as_str(), &moved.cache_control), ("west", &was.cache_control));
    // Brought back: not the plan's text for the primary, but what was there.
    assert_eq!(
        super::value(Side::Primary, &place, "east", Some(&moved), Some(&was)),
        Decision::Shift(was.clone())
    );
    assert_eq!(super::value(Side::Primary, &place, "east", Some(&was), Some(&was)), Decision::There);
    // Where nothing was, nothing is deleted: the plan says what sends users to the primary.
    let Decision::Shift(home) = super::value(Side::Primary, &place, "east", Some(&moved), None) else {
        panic!("it is to be written")
    };
    assert_eq!(home.text, "east");
}
