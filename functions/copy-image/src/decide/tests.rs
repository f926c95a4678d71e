//! Every edge of the decisions, as tables.

use std::collections::BTreeSet;

use action::{Deadline, Mode};

use super::*;

const IMAGE: &str = "ami-00000001";
const COPY: &str = "ami-00000002";
const KEY: &str = "arn:aws:kms:us-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef";

fn request() -> Request {
    Request {
        mode: Mode::Execute,
        run: "unishop-1".parse().unwrap(),
        workload: "unishop".parse().unwrap(),
        from: "us-east-1".parse().unwrap(),
        image: Some(IMAGE.parse().unwrap()),
        region: "us-west-1".parse().unwrap(),
        kms_key: Some(KEY.parse().unwrap()),
        complete_within_minutes: Some(30),
        since: Timestamp::UNIX_EPOCH,
        deadline: Deadline(Timestamp::MAX),
    }
}

type Tags<'a> = &'a [(&'a str, &'a str)];

const WHOLE: Tags<'_> = &[
    ("relight:workload", "unishop"),
    ("relight:run", "unishop-1"),
    ("relight:source", "i-00000001"),
    ("relight:made", "2026-11-21T03:16:00Z"),
];

fn image(id: &str, state: State, tags: Tags<'_>) -> Image {
    Image {
        id: id.parse().unwrap(),
        name: "relight-unishop-unishop-1".to_owned(),
        state,
        created: Timestamp::UNIX_EPOCH,
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        snapshots: vec![],
    }
}

fn pending() -> State {
    State::Pending("pending".to_owned())
}

fn failed() -> State {
    State::Failed {
        state: "failed".to_owned(),
        reason: "no such key".to_owned(),
    }
}

/// `WHOLE` without, or with another, of one tag.
fn but<'a>(tag: &str, value: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let kept = WHOLE.iter().copied().filter(|(key, _)| *key != tag);
    let key = WHOLE.iter().map(|(key, _)| *key).find(|key| *key == tag).unwrap();
    kept.chain(value.map(|value| (key, value))).collect()
}

#[test]
fn a_copy_with_or_without_its_tags_is_what_its_state_says() {
    let table = [
        (State::Available, Standing::Available),
        (pending(), Standing::Copying("pending".to_owned())),
        (
            failed(),
            Standing::Failed {
                state: "failed".to_owned(),
                reason: "no such key".to_owned(),
            },
        ),
    ];
    for (state, expected) in table {
        for tags in [WHOLE, &WHOLE[..1], &WHOLE[1..2], &[]] {
            assert_eq!(standing(&request(), &image(COPY, state.clone(), tags)), expected, "{tags:?}");
        }
    }
}

#[test]
fn an_image_whose_tags_name_another_workload_or_run_is_refused() {
    let table = [
        ("relight:workload", "uni", "unishop"),
        ("relight:run", "unishop-2", "unishop-1"),
        ("relight:run", "", "unishop-1"),
    ];
    for (tag, value, ours) in table {
        for state in [State::Available, pending(), failed()] {
            let tags = but(tag, Some(value));
            let Standing::Refuse(why) = standing(&request(), &image(COPY, state.clone(), &tags)) else {
                panic!("{tag}={value} was taken")
            };
            assert_eq!(
                why.to_string(),
                format!(
                    "image {COPY} in us-west-1 has the name relight-unishop-unishop-1, but its tag {tag} is {value}, not {ours}; \
                     deregister it or start a new run"
                )
            );
            let seen = image(IMAGE, state, &tags);
            let Source::Refuse(Refusal::NotOurs { region, .. }) = source(&request(), &seen.id, Some(&seen)) else {
                panic!("{tag}={value} was copied")
            };
            assert_eq!(region.as_str(), "us-east-1");
        }
    }
}

#[test]
fn tags_are_whole_only_if_each_says_what_the_source_says() {
    let source = image(IMAGE, State::Available, WHOLE);
    let copy = |tags: Tags<'_>| image(COPY, State::Available, tags);
    assert_eq!(tagging(&request(), &copy(WHOLE), Some(&source)), Tagging::Whole);
    let more = [WHOLE, &[("relight:proven", "2026-11-21T04:00:00Z")]].concat();
    assert_eq!(tagging(&request(), &copy(&more), Some(&source)), Tagging::Whole);
    for (tag, value) in WHOLE {
        for instead in [None, Some("")] {
            let lacks = Tagging::Lacks(BTreeMap::from([(*tag, (*value).to_owned())]));
            assert_eq!(
                tagging(&request(), &copy(&but(tag, instead)), Some(&source)),
                lacks,
                "{tag}={instead:?}"
            );
        }
    }
    let younger = but("relight:made", Some("2026-11-21T05:00:00Z"));
    let lacks = Tagging::Lacks(BTreeMap::from([("relight:made", "2026-11-21T03:16:00Z".to_owned())]));
    assert_eq!(
        tagging(&request(), &copy(&younger), Some(&source)),
        lacks,
        "a copy is as old as its source"
    );
    let Tagging::Lacks(all) = tagging(&request(), &copy(&[]), Some(&source)) else {
        panic!("a copy without tags is whole")
    };
    assert_eq!(all.len(), images::tags::FROM_THE_MAKING.len());
}

#[test]
fn without_the_source_what_only_it_knows_is_believed_or_lost() {
    let copy = |tags: Tags<'_>| image(COPY, State::Available, tags);
    let bare = image(IMAGE, State::Available, &[]);
    for source in [None, Some(&bare)] {
        assert_eq!(tagging(&request(), &copy(WHOLE), source), Tagging::Whole);
        let run = Tagging::Lacks(BTreeMap::from([("relight:run", "unishop-1".to_owned())]));
        assert_eq!(tagging(&request(), &copy(&but("relight:run", None)), source), run);
        for (tag, value) in [("relight:source", "web"), ("relight:made", "yesterday")] {
            for tags in [but(tag, None), but(tag, Some(value))] {
                assert_eq!(tagging(&request(), &copy(&tags), source), Tagging::Lost(vec![tag]), "{tags:?}");
            }
        }
        let both = Tagging::Lost(vec!["relight:source", "relight:made"]);
        assert_eq!(tagging(&request(), &copy(&[]), source), both);
    }
}

#[test]
fn only_an_available_image_with_all_its_tags_is_copied() {
    let id = || IMAGE.parse().unwrap();
    let decide = |seen: Option<&Image>| source(&request(), &id(), seen);
    assert_eq!(decide(Some(&image(IMAGE, State::Available, WHOLE))), Source::Ready);
    let waits = Source::Wait("pending".to_owned());
    assert_eq!(decide(Some(&image(IMAGE, pending(), WHOLE))), waits);
    assert_eq!(decide(Some(&image(IMAGE, pending(), &[]))), waits);
    let unmarked = |tag: &str| {
        format!(
            "image {IMAGE} in us-east-1 has no usable tag {tag}, so that it can't be told whether this run made it, and when; start a new run"
        )
    };
    let mut table = vec![
        (
            None,
            format!("image {IMAGE} does not exist in us-east-1, so that it can't be copied; start a new run"),
        ),
        (
            Some(image(IMAGE, failed(), WHOLE)),
            format!("image {IMAGE} in us-east-1 is failed (no such key), so that it can't be copied; start a new run"),
        ),
        (
            Some(image(IMAGE, State::Available, &but("relight:made", Some("yesterday")))),
            unmarked("relight:made"),
        ),
    ];
    for tag in images::tags::FROM_THE_MAKING {
        table.push((Some(image(IMAGE, State::Available, &but(tag, None))), unmarked(tag)));
    }
    for (seen, why) in table {
        let decision = decide(seen.as_ref());
        let Source::Refuse(refusal) = &decision else {
            panic!("{decision:?} instead of: {why}")
        };
        assert_eq!(refusal.to_string(), why);
    }
}

fn key() -> Key {
    Key {
        arn: KEY.to_owned(),
        state: "Enabled".to_owned(),
        usage: "ENCRYPT_DECRYPT".to_owned(),
        spec: "SYMMETRIC_DEFAULT".to_owned(),
    }
}

#[test]
fn a_key_is_fit_if_it_is_of_the_region_enabled_symmetric_and_for_encrypting() {
    let west = "us-west-1".parse().unwrap();
    let alias: KmsKeyArn = "arn:aws:kms:us-west-1:123456789012:alias/shop".parse().unwrap();
    let elsewhere: KmsKeyArn = KEY.replace("us-west-1", "us-east-1").parse().unwrap();
    let plain: KmsKeyArn = KEY.parse().unwrap();
    for named in [&plain, &alias] {
        assert_eq!(fit(named, &west, Some(&key())), Ok(()));
    }
    let with = |change: fn(&mut Key)| {
        let mut key = key();
        change(&mut key);
        Some(key)
    };
    let mend = "name another one in image.kmsKey of the plan";
    let away = |key: &KmsKeyArn| {
        format!("key {key} is not in us-west-1, where the copy is made; name one of that Region in image.kmsKey of the plan")
    };
    let table = [
        (&elsewhere, Some(key()), away(&elsewhere)),
        (&elsewhere, None, away(&elsewhere)),
        (&alias, with(|key| key.arn = KEY.replace("us-west-1", "us-east-1")), away(&alias)),
        (&plain, None, format!("key {KEY} does not exist; {mend}")),
        (
            &plain,
            with(|key| key.state = "PendingDeletion".to_owned()),
            format!("key {KEY} is PendingDeletion, not Enabled; enable it or {mend}"),
        ),
        (
            &plain,
            with(|key| key.usage = "SIGN_VERIFY".to_owned()),
            format!("key {KEY} is for SIGN_VERIFY, not for ENCRYPT_DECRYPT; {mend}"),
        ),
        (
            &plain,
            with(|key| key.spec = "RSA_2048".to_owned()),
            format!("key {KEY} is RSA_2048, and EBS encrypts with SYMMETRIC_DEFAULT only; {mend}"),
        ),
    ];
    for (named, seen, why) in table {
        assert_eq!(fit(named, &west, seen.as_ref()).unwrap_err().to_string(), why);
    }
}

#[test]
fn a_request_that_contradicts_itself_is_told_so() {
    assert_eq!(sound(&request()), Ok(()));
    let with = |change: fn(&mut Request)| {
        let mut request = request();
        change(&mut request);
        sound(&request)
    };
    assert_eq!(
        with(|request| request.region = request.from.clone()),
        Err("from and region are the same Region")
    );
    for minutes in [0, 14, 2_881] {
        let mut request = request();
        request.complete_within_minutes = Some(minutes);
        assert_eq!(sound(&request), Err("completeWithinMinutes is not between 15 and 2880"));
    }
    let null = |mode| {
        let mut request = request();
        (request.image, request.mode) = (None, mode);
        sound(&request)
    };
    assert_eq!(null(Mode::Execute), Err("image is null, which only plan mode can do with"));
    assert_eq!(null(Mode::Plan), Ok(()));
}

#[test]
fn a_wish_for_speed_is_rounded_down_to_quarters_of_an_hour() {
    for (wish, asked) in [(None, None), (Some(15), Some(15)), (Some(29), Some(15)), (Some(2_880), Some(2_880))] {
        let mut request = request();
        request.complete_within_minutes = wish;
        assert_eq!(NewCopy::of(&request, Some(&IMAGE.parse().unwrap())).within_minutes, asked);
    }
}

#[test]
fn the_same_copy_has_the_same_token_and_another_one_another() {
    let token = |change: fn(&mut Request)| {
        let mut request = request();
        change(&mut request);
        let image = request.image.clone().unwrap();
        client_token(&NewCopy::of(&request, Some(&image)))
    };
    let same: [fn(&mut Request); 3] = [
        |_| {},
        |request| request.since = Timestamp::MAX,
        |request| request.deadline = Deadline(Timestamp::UNIX_EPOCH),
    ];
    let tokens: BTreeSet<String> = same.into_iter().map(token).collect();
    assert_eq!(tokens.len(), 1);
    assert!(
        tokens.iter().all(|token| token.len() == 64 && token.is_ascii()),
        "API_CopyImage: ClientToken"
    );
    let other: [fn(&mut Request); 9] = [
        |_| {},
        |request| request.run = "unishop-2".parse().unwrap(),
        |request| request.workload = "uni".parse().unwrap(),
        |request| request.from = "us-east-2".parse().unwrap(),
        |request| request.image = Some("ami-00000009".parse().unwrap()),
        |request| request.region = "us-west-2".parse().unwrap(),
        |request| request.kms_key = None,
        |request| request.complete_within_minutes = None,
        |request| request.complete_within_minutes = Some(45),
    ];
    assert_eq!(other.into_iter().map(token).collect::<BTreeSet<_>>().len(), other.len());
}

#[test]
fn a_key_is_named_as_the_usual_cause_only_where_the_reason_speaks_of_keys() {
    let key: KmsKeyArn = KEY.parse().unwrap();
    let cause = format!("; the usual cause is {KEY}: mend its state, its policy or what the role may do with it");
    let reason = "Copying snapshot snap-1 failed: Given KMS key is not accessible";
    assert_eq!(usual_cause(Some(&key), reason), cause);
    assert_eq!(usual_cause(None, reason), "");
    assert_eq!(usual_cause(Some(&key), "Internal error"), "");
}
