//! Moving users: each method, once and once more, reversed, and where something is in its way.

use aws_sdk_ssm::types::ParameterType;
use lab::Settings;
use lab::gateway::routing::{CLUSTER, ENDPOINTS, PRIMARY_CONTROL, RECOVERY_CONTROL, Routing, Turned};
use lab::gateway::{Effect, Match, Outage, Rule};
use lab::site::region_of;
use lab::world::traffic::TrafficMethod;
use lab::world::{PRIMARY, RECOVERY};
use ledger::Verdict::{Done, StoppedPartway};
use serde_json::{Value, json};

use crate::hot::hot;
use crate::stage::{Stage, at_once, execute};

const PARAMETER: &str = "/relight/unishop/serving";

impl Stage {
    /// Asks shift-traffic until it waits no more; its last answer, and how often it was asked.
    async fn shifted(&self, run: &str, traffic: &Value, to: &str) -> (Value, u32) {
        for asked in 1..20 {
            let now = action::clock::now();
            let payload = json!({
                "mode": "execute", "run": run, "workload": "unishop", "traffic": traffic, "to": to,
                "since": now, "deadline": "2099-01-01T00:00:00Z",
            });
            let answer = self.reach.invoke("shift-traffic", &payload).await.expect("an answer");
            if answer.error.is_some() || answer.payload["outcome"] != "waiting" {
                return (answer.payload, asked);
            }
        }
        panic!("{to} by {traffic}: it waits for ever");
    }

    fn writes(&self) -> usize {
        let log = self.log();
        let of_traffic = log.iter().filter(|entry| entry.caller == "shift-traffic");
        of_traffic.filter(|entry| entry.changes_by_function()).count()
    }

    /// Moves users, once and once more, and back.
    async fn is_once_and_reversed(&self, run: &str, traffic: &Value) {
        let (moved, _) = self.shifted(run, traffic, "recovery").await;
        assert_eq!(moved["outcome"], "unchanged", "{moved}");
        let writes = self.writes();
        let (again, asked) = self.shifted(run, traffic, "recovery").await;
        assert_eq!(
            (&again["outcome"], asked, self.writes()),
            (&json!("unchanged"), 1, writes),
            "twice is once: {again}"
        );
        let (back, _) = self.shifted(run, traffic, "primary").await;
        assert_eq!(back["outcome"], "unchanged", "{back}");
    }
}

fn controls(endpoint: &str) -> Value {
    let endpoints = ENDPOINTS.map(|region| json!({"region": region, "url": endpoint}));
    json!({
        "method": "routing-control", "when": "after-proof", "cluster": CLUSTER, "endpoints": endpoints,
        "primaryControl": PRIMARY_CONTROL, "recoveryControl": RECOVERY_CONTROL,
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn each_method_moves_users_once_and_back_to_exactly_what_was_there_whatever_endpoint_is_dead() {
    let stage = Stage::set(&hot(Settings {
        traffic: TrafficMethod::RoutingControl,
        ..at_once()
    }))
    .await;
    let config = stage.reach.config().expect("a configuration");

    // A parameter with a value of its own.
    let ssm = aws_sdk_ssm::Client::new(&config);
    let put = ssm.put_parameter().name(PARAMETER).value("blue").r#type(ParameterType::String);
    put.send().await.expect("a parameter");
    let parameter =
        json!({"method": "parameter", "when": "after-proof", "name": PARAMETER, "primaryValue": "east", "recoveryValue": "west"});
    stage.is_once_and_reversed("by-parameter", &parameter).await;
    let held = ssm.get_parameter().name(PARAMETER).send().await.expect("a parameter");
    assert_eq!(held.parameter().and_then(|parameter| parameter.value()), Some("blue"));

    // An object with a type and a cache control of its own.
    let s3 = lab::clients::s3(&config);
    let bucket = "relight-unishop-config-000000000000-us-west-1";
    let put = s3
        .put_object()
        .bucket(bucket)
        .key("serving.json")
        .content_type("application/vnd.unishop+json");
    let put = put.cache_control("max-age=5").body(b"{\"serving\":\"blue\"}".to_vec().into());
    put.send().await.expect("an object");
    let object = json!({
        "method": "object", "when": "after-proof", "bucket": bucket, "key": "serving.json",
        "primaryBody": "{\"serving\":\"east\"}", "recoveryBody": "{\"serving\":\"west\"}",
    });
    stage.is_once_and_reversed("by-object", &object).await;
    let held = s3.get_object().bucket(bucket).key("serving.json").send().await.expect("an object");
    assert_eq!(held.content_type(), Some("application/vnd.unishop+json"));
    let bytes = held.body.collect().await.expect("its bytes").to_vec();
    assert_eq!(bytes, b"{\"serving\":\"blue\"}");

    // Routing controls, with each endpoint dead in turn: one hangs, the others refuse.
    let (routing, weather) = (stage.lab.gateway().routing(), stage.lab.gateway().weather());
    let traffic = controls(&stage.lab.gateway().url());
    let turned = |primary, recovery| Routing {
        primary,
        recovery,
        at_least_one: true,
    };
    for (index, dead) in ENDPOINTS.into_iter().enumerate() {
        // Users who went to both Regions before go to both again.
        let before = if index == 1 {
            turned(Turned::On, Turned::On)
        } else {
            turned(Turned::On, Turned::Off)
        };
        routing.set(before);
        let rule = weather.add(Rule {
            matching: Match {
                service: Some("route53-recovery-cluster".to_owned()),
                region: Some(dead.to_owned()),
                ..Match::default()
            },
            effect: Effect::Away {
                mode: if index == 0 { Outage::Hang } else { Outage::Refuse },
            },
            after: 0,
            times: None,
        });
        let run = format!("by-control-{index}");
        let (moved, _) = stage.shifted(&run, &traffic, "recovery").await;
        assert_eq!(moved["outcome"], "unchanged", "{dead} dead: {moved}");
        assert_eq!(routing.now(), turned(Turned::Off, Turned::On), "{dead} dead");
        let (back, _) = stage.shifted(&run, &traffic, "primary").await;
        assert_eq!(
            (&back["outcome"], routing.now()),
            (&json!("unchanged"), before),
            "{dead} dead: {back}"
        );
        assert!(weather.remove(rule));
    }
    // A safety rule that forbids it: what was there had none on, and the rule came since.
    routing.set(Routing {
        at_least_one: false,
        ..turned(Turned::Off, Turned::Off)
    });
    stage.shifted("by-control-9", &traffic, "recovery").await;
    routing.set(turned(Turned::Off, Turned::On));
    let (refused, _) = stage.shifted("by-control-9", &traffic, "primary").await;
    assert!(
        refused.to_string().contains("a safety rule of the routing controls forbids it"),
        "{refused}"
    );
    assert_eq!(routing.now(), turned(Turned::Off, Turned::On));

    // A whole recovery by them, with the Region of one endpoint lost.
    routing.set(turned(Turned::On, Turned::Off));
    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    let ended = stage.run(&execute()).await;
    assert_eq!(ended.reported().verdict, Done, "{}", ended.cause);
    assert_eq!(routing.now(), turned(Turned::Off, Turned::On));
    assert_eq!(region_of(&stage.reach.public_site).await.as_deref(), Some(RECOVERY));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_health_check_wired_the_wrong_way_round_is_seen_by_the_look_at_the_public_name_and_moving_again_goes_on() {
    let stage = Stage::set(&hot(at_once())).await;
    let client = aws_sdk_route53::Client::new(&stage.reach.config().expect("a configuration"));
    let checks = client.list_health_checks().send().await.expect("the health checks");
    let [check] = checks.health_checks() else {
        panic!("{:?}", checks.health_checks())
    };
    let invert = async |inverted: bool| {
        let update = client.update_health_check().health_check_id(check.id()).inverted(inverted);
        update.send().await.expect("a health check");
    };
    invert(true).await;
    stage.change_plan("rto = \"10m\"", "rto = \"20s\"").await;
    stage.reach.set_lost(PRIMARY, true).await.expect("an outage");
    let ended = stage.run(&execute()).await;
    let report = ended.reported();
    assert_eq!(report.verdict, StoppedPartway, "{}", ended.cause);
    let [stop] = &report.stops[..] else { panic!("{:?}", report.stops) };
    assert_eq!(stop.state, "Prove Public Name");
    assert!(
        stop.message.contains(&format!("is not seen to lead to {RECOVERY}")) && stop.message.contains("docs/traffic.md"),
        "{}",
        stop.message
    );

    invert(false).await;
    stage.upload_plan(&stage.lab.plan).await;
    let writes = stage.writes();
    let ended = stage.run(&execute()).await;
    assert_eq!(ended.reported().verdict, Done, "{}", ended.cause);
    assert_eq!(stage.writes(), writes, "users were moved already: twice is once");
    assert_eq!(region_of(&stage.reach.public_site).await.as_deref(), Some(RECOVERY));
}
