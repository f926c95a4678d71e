//! Each rule of a plan: a good plan with one thing changed, and the one message that this gives.

mod common;

use common::{COMPLETE, each_gives_one_message, each_is_good, messages};

#[test]
fn the_plan_as_it_is_gives_no_message() {
    assert_eq!(messages(&[]), Vec::<String>::new());
}

#[test]
fn the_recovery_region_is_another_one() {
    each_gives_one_message(&[(
        "recovery = \"us-west-2\"",
        "recovery = \"us-east-1\"",
        "regions.recovery: found \"us-east-1\", the primary Region",
    )]);
}

#[test]
fn what_a_recovery_uses_is_in_the_recovery_region() {
    each_gives_one_message(&[
        (
            "rds:us-east-1",
            "rds:us-west-2",
            "database.primaryCluster: found an ARN of us-west-2; write one of the primary Region, us-east-1",
        ),
        (
            "rds:us-west-2",
            "rds:us-west-1",
            "database.recoveryCluster: found an ARN of us-west-1; write one of the recovery Region, us-west-2",
        ),
        ("kms:us-west-2", "kms:us-east-1", "image.kmsKey: found an ARN of us-east-1"),
        (
            "elasticloadbalancing:us-west-2",
            "elasticloadbalancing:us-east-1",
            "compute.launch.targetGroups[0]: found an ARN of us-east-1",
        ),
        ("sns:us-west-2", "sns:us-east-1", "notifications.topic: found an ARN of us-east-1"),
        (
            "fence = { function = \"arn:aws:lambda:us-west-2",
            "fence = { function = \"arn:aws:lambda:us-east-1",
            "guards.fence.function: found an ARN of us-east-1",
        ),
        (
            "\nfunction = \"arn:aws:lambda:us-west-2",
            "\nfunction = \"arn:aws:lambda:us-east-1",
            "image.proof.function: found an ARN of us-east-1",
        ),
    ]);
}

#[test]
fn each_strategy_has_its_own_compute() {
    let group = "[compute.group]\nname = \"shop\"\nfullSize = 4\n\n[image]\n";
    let (start, end) = (COMPLETE.find("[compute.launch]").unwrap(), COMPLETE.find("[image]\n").unwrap());
    let launch = &COMPLETE[start..end];
    let with = |strategy: &str, keep_launch: bool, group: &str| {
        let name = format!("strategy = \"{strategy}\"");
        let mut changes = vec![("strategy = \"pilot-light\"", name.as_str()), ("[image]\n", group)];
        if !keep_launch {
            changes.push((launch, ""));
        }
        messages(&changes)
    };
    for (strategy, keep_launch, group, expected) in [
        ("pilot-light", true, "[image]\n", None),
        ("warm-standby", false, group, None),
        ("hot-standby", false, group, None),
        ("hot-standby", false, "[image]\n", None),
        (
            "pilot-light",
            false,
            "[image]\n",
            Some("compute.launch: missing, but the strategy is \"pilot-light\""),
        ),
        (
            "pilot-light",
            true,
            group,
            Some("compute.group: found, but the strategy is \"pilot-light\""),
        ),
        (
            "warm-standby",
            true,
            "[image]\n",
            Some("compute.launch: found, but the strategy is \"warm-standby\""),
        ),
        (
            "warm-standby",
            false,
            "[image]\n",
            Some("compute.group: missing, but the strategy is \"warm-standby\""),
        ),
        (
            "hot-standby",
            true,
            "[image]\n",
            Some("compute.launch: found, but the strategy is \"hot-standby\""),
        ),
    ] {
        let messages = with(strategy, keep_launch, group);
        assert_eq!(messages.len(), usize::from(expected.is_some()), "{strategy}: {messages:?}");
        assert!(
            messages.iter().all(|message| message.starts_with(expected.unwrap_or_default())),
            "{strategy}: {messages:?}"
        );
    }
}

#[test]
fn instances_need_an_image_to_boot_from() {
    let (start, end) = (COMPLETE.find("[image]").unwrap(), COMPLETE.find("[[tables]]").unwrap());
    each_gives_one_message(&[(&COMPLETE[start..end], "", "image: missing, but compute.launch boots from an image")]);
}

#[test]
fn one_elastic_ip_serves_one_instance() {
    each_gives_one_message(&[(
        "count = 1",
        "count = 2",
        "compute.launch.count: found 2, but one elastic IP serves one instance",
    )]);
    assert_eq!(
        messages(&[("count = 1\nelasticIp = \"eipalloc-0123456789abcdef0\"", "count = 2")]),
        Vec::<String>::new()
    );
}

#[test]
fn the_period_divides_a_minute() {
    each_is_good(&[("\"20s\"", "\"10s\""), ("\"20s\"", "\"12s\""), ("\"20s\"", "\"1m\"")]);
    each_gives_one_message(&[
        (
            "\"20s\"",
            "\"25s\"",
            "probe.period: found \"25s\"; write 10s, 12s, 15s, 20s, 30s or 60s",
        ),
        ("\"20s\"", "\"12500ms\"", "probe.period: found \"12500ms\"; write 10s"),
        ("\"20s\"", "\"5s\"", "probe.period: found \"5s\"; write a duration"),
        ("\"20s\"", "\"61s\"", "probe.period: found \"61s\"; write a duration"),
    ]);
}

#[test]
fn an_outage_is_some_of_the_looks_that_are_judged() {
    each_is_good(&[
        ("failures = 6", "failures = 8"),
        ("failures = 6", "failures = 1"),
        ("failures = 6\nlooks = 8", ""),
        ("failures = 6\n", "failures = 12\n# "),
        ("looks = 8", "looks = 360"),
        ("looks = 8", ""),
    ]);
    each_gives_one_message(&[
        (
            "failures = 6",
            "failures = 9",
            "probe.failures: found 9, but only 8 looks are judged; write 1 to 8, or more probe.looks",
        ),
        (
            "failures = 6\n",
            "",
            "probe.looks: found 8, but 12 of them must fail where probe.failures is left out; write probe.failures too, as 1 to 8",
        ),
        (
            "failures = 6\nlooks = 8",
            "failures = 16",
            "probe.failures: found 16, but only 15 looks are judged; write 1 to 15",
        ),
        (
            "failures = 6",
            "failures = 0",
            "probe.failures: found 0; write an integer from 1 to 720",
        ),
        (
            "looks = 8",
            "looks = 361",
            "probe.looks: found 361, which at a period of 20s is more than two hours; write 360 at most, or a shorter probe.period",
        ),
    ]);
}

#[test]
fn parameters_are_the_workloads_own_and_never_its_image_pointer() {
    each_gives_one_message(&[
        (
            "/relight/shop/database",
            "/relight/other/database",
            "endpoints[0].name: found \"/relight/other/database\"; write a name under \"/relight/shop/\"",
        ),
        (
            "/relight/shop/serving",
            "/serving",
            "traffic.name: found \"/serving\"; write a name under \"/relight/shop/\"",
        ),
        (
            "/relight/shop/database",
            "/relight/shop/image",
            "endpoints[0].name: found \"/relight/shop/image\", which names the workload's image",
        ),
    ]);
}

#[test]
fn endpoints_hold_only_what_is_known_when_they_are_published() {
    each_gives_one_message(&[
        (
            "{databasePort}",
            "{port}",
            "endpoints[0].value: unknown placeholder {port}; write one of {databaseEndpoint}, {databasePort} and {region}",
        ),
        (
            "\"region\":\"{region}\"",
            "\"region\":\"{nonce}\"",
            "endpoints[1].body: unknown placeholder {nonce}",
        ),
    ]);
    let (start, end) = (COMPLETE.find("[database]").unwrap(), COMPLETE.find("[compute.launch]").unwrap());
    let without = messages(&[(&COMPLETE[start..end], ""), ("when = \"after-promotion\"\n", "")]);
    assert_eq!(without.len(), 2, "{without:?}");
    assert!(
        without[0].starts_with("endpoints[0].value: found {databaseEndpoint}, but the plan has no database"),
        "{without:?}"
    );
    let early = messages(&[(&COMPLETE[start..end], "")]);
    assert!(
        early
            .iter()
            .any(|told| told.starts_with("traffic.when: found \"after-promotion\", but the plan has no database that is promoted")),
        "{early:?}"
    );
}

#[test]
fn names_are_unique() {
    each_gives_one_message(&[
        ("name = \"order\"", "name = \"home\"", "site.checks[1].name: found \"home\" again"),
        ("name = \"carts\"", "name = \"orders\"", "tables[1].name: found \"orders\" again"),
        (
            "[guards]",
            "[[endpoints]]\nkind = \"parameter\"\nname = \"/relight/shop/database\"\nvalue = \"\"\n\n[guards]",
            "endpoints[2].name: found \"/relight/shop/database\" again",
        ),
    ]);
}

#[test]
fn the_site_can_be_proven_in_the_recovery_region() {
    each_gives_one_message(&[
        (
            "https://shop.us-west-2",
            "https://shop.us-east-1",
            "site.recovery: found the primary's address",
        ),
        (
            "https://shop.us-west-2",
            "http://shop.us-west-2",
            "site.checks[0].expect.certificateDays: found, but site.recovery is an http address",
        ),
        (
            "\"login.example.com\"",
            "\"https://login.example.com\"",
            "site.redirectHosts[0]: found \"https://login.example.com\"; write a host",
        ),
        ("use = \"always\"", "use = \"proof\"", "site.checks: no check is made by the probe"),
    ]);
    let unproven = messages(&[
        ("name = \"order\"", "name = \"order\"\nuse = \"probe\""),
        ("name = \"read back\"", "name = \"read back\"\nuse = \"probe\""),
        ("\"always\"", "\"probe\""),
    ]);
    assert!(
        matches!(unproven.as_slice(), [only] if only.starts_with("site.checks: no check proves the site")),
        "{unproven:?}"
    );
}

#[test]
fn users_who_are_moved_are_seen_to_arrive() {
    each_gives_one_message(&[
        (
            "public = \"https://shop.example.com\"\n",
            "",
            "traffic.method: found \"parameter\", but the plan has no site.public; write the name that users use",
        ),
        (
            "public = \"https://shop.example.com\"",
            "public = \"https://shop.us-east-1.example.com\"",
            "site.public: found the primary's address",
        ),
        (
            "public = \"https://shop.example.com\"",
            "public = \"https://shop.us-west-2.example.com\"",
            "site.public: found the recovery Region's address",
        ),
        (
            "recoveryValue = \"west\"",
            "recoveryValue = \"east\"",
            "traffic.recoveryValue: found the same as traffic.primaryValue; write another",
        ),
    ]);
    // Where Relight moves nobody, a name may be looked at, and needn't.
    let traffic = "method = \"parameter\"\nwhen = \"after-promotion\"\nname = \"/relight/shop/serving\"\nprimaryValue = \"east\"\nrecoveryValue = \"west\"";
    assert_eq!(messages(&[(traffic, "method = \"none\"")]), Vec::<String>::new());
    assert_eq!(
        messages(&[(traffic, "method = \"none\""), ("public = \"https://shop.example.com\"\n", "")]),
        Vec::<String>::new()
    );
    let control = |which: &str| format!("arn:aws:route53-recovery-control::123456789012:controlpanel/01/routingcontrol/{which}");
    let routed = |second: &str, recovery: &str| {
        format!(
            "method = \"routing-control\"\ncluster = \"arn:aws:route53-recovery-control::123456789012:cluster/01\"\nprimaryControl = \"{}\"\n\
             recoveryControl = \"{}\"\nendpoints = [{{ region = \"us-east-1\", url = \"https://a.example.com/v1\" }}, \
             {{ region = \"{second}\", url = \"https://b.example.com/v1\" }}]",
            control("east"),
            control(recovery)
        )
    };
    each_is_good(&[(traffic, &routed("eu-west-1", "west"))]);
    each_gives_one_message(&[
        (
            traffic,
            &routed("us-east-1", "west"),
            "traffic.endpoints[1].region: found \"us-east-1\" again; write one endpoint of each Region",
        ),
        (
            traffic,
            &routed("eu-west-1", "east"),
            "traffic.recoveryControl: found the same as traffic.primaryControl",
        ),
    ]);
    let objects = "method = \"object\"\nbucket = \"relight-shop-config\"\nkey = \"serving.json\"\nprimaryBody = '{\"serving\":\"east\"}'\nrecoveryBody = ";
    each_is_good(&[(traffic, &format!("{objects}'{{\"serving\":\"west\"}}'"))]);
    each_gives_one_message(&[
        (
            traffic,
            &format!("{objects}'{{\"serving\":\"west\"}}'").replace("serving.json", "config.json"),
            "traffic: found s3://relight-shop-config/config.json again",
        ),
        (
            "/relight/shop/serving",
            "/relight/shop/database",
            "traffic.name: found \"/relight/shop/database\", which an endpoint writes too",
        ),
        (
            "relight-shop-config",
            "shop-site",
            "endpoints[1].bucket: found \"shop-site\"; write a bucket such as \"relight-unishop-config\"",
        ),
    ]);
}

#[test]
fn a_hook_calls_one_thing_that_the_engine_may_call() {
    each_gives_one_message(&[
        (
            "function = \"arn:aws:lambda:us-west-2:123456789012:function:relight-caches-hook\"\n",
            "",
            "hooks[0]: found neither function nor stateMachine",
        ),
        (
            "timeout = \"90s\"",
            "stateMachine = \"arn:aws:states:us-west-2:123456789012:stateMachine:relight-caches-hook\"",
            "hooks[0].stateMachine: found, but the hook calls a function",
        ),
        (
            "relight-caches-hook",
            "caches",
            "hooks[0].function: found \"caches\"; give it a name such as \"relight-warm-caches-hook\"",
        ),
        (
            "stateMachine:relight-partners-hook",
            "stateMachine:partners",
            "hooks[1].stateMachine: found \"partners\"",
        ),
        (
            "lambda:us-west-2:123456789012:function:relight-caches",
            "lambda:us-east-1:123456789012:function:relight-caches",
            "hooks[0].function: found an ARN of us-east-1",
        ),
        ("\"tell partners\"", "\"warm caches\"", "hooks[1].name: found \"warm caches\" again"),
        ("\"90s\"", "\"2h\"", "hooks[0].timeout: found \"2h\"; write a duration"),
        ("\"after-traffic\"", "\"at-night\"", "hooks[1].when: found \"at-night\""),
    ]);
}

#[test]
fn paths_stay_on_the_site() {
    each_is_good(&[("path = \"/\"", "path = \"/search?q=a%20b&region={region}\"")]);
    for path in [
        "home",
        "",
        "//evil.example.com",
        "/\\\\evil.example.com",
        "/a b",
        "/a#b",
        "https://evil.example.com/",
    ] {
        each_gives_one_message(&[("path = \"/\"", &format!("path = \"{path}\""), "site.checks[0].path: found")]);
    }
}

#[test]
fn headers_are_headers() {
    each_gives_one_message(&[
        (
            "{ accept =",
            "{ \"accept it\" =",
            "site.checks[0].headers.\"accept it\": found \"accept it\"; write a header's name",
        ),
        (
            "\"text/html\"",
            "\"text/html\\r\\nx: y\"",
            "site.checks[0].headers.accept: found \"text/html\\r\\nx: y\"; write a value in one line",
        ),
        (
            "{ x-region =",
            "{ \"\" =",
            "site.checks[0].expect.headers.\"\": found \"\"; write a header's name",
        ),
    ]);
}

#[test]
fn a_method_has_only_the_bodies_that_it_can_have() {
    each_gives_one_message(&[
        (
            "headers = { accept",
            "body = \"x\"\nheaders = { accept",
            "site.checks[0].body: found, but GET sends no body",
        ),
        (
            "method = \"GET\"",
            "method = \"HEAD\"",
            "site.checks[0].expect.text: found, but HEAD sends no body and gets none",
        ),
    ]);
}

#[test]
fn pointers_are_pointers() {
    each_is_good(&[("\"/count\"", "\"/a~1b/0\""), ("\"/count\"", "\"\"")]);
    each_gives_one_message(&[
        (
            "\"/count\"",
            "count",
            "site.checks[2].expect.json.count: found \"count\"; write a JSON pointer",
        ),
        (
            "\"/count\"",
            "\"/a~b\"",
            "site.checks[2].expect.json.\"/a~b\": found \"/a~b\"; write a JSON pointer",
        ),
        (
            "orderId = \"/id\"",
            "orderId = \"id\"",
            "site.checks[1].capture.orderId: found \"id\"; write a JSON pointer",
        ),
    ]);
}

#[test]
fn captures_have_names_of_their_own() {
    let capture = "capture = { orderId = \"/id\" }";
    each_gives_one_message(&[
        (
            capture,
            "capture = { orderId = \"/id\", region = \"/region\" }",
            "site.checks[1].capture.region: found \"region\", which is taken",
        ),
        (
            capture,
            "capture = { orderId = \"/id\", order-id = \"/id\" }",
            "site.checks[1].capture.order-id: found \"order-id\"; write a name",
        ),
        (
            "path = \"/orders/{orderId}\"",
            "path = \"/orders/{orderId}\"\ncapture = { orderId = \"/id\" }",
            "site.checks[2].capture.orderId: found \"orderId\", which is taken",
        ),
    ]);
}

#[test]
fn a_check_uses_only_what_an_earlier_one_has_always_captured() {
    each_gives_one_message(&[
        (
            "/orders/{orderId}",
            "/orders/{id}",
            "site.checks[2].path: unknown placeholder {id}; known here: {nonce}, {region} and {orderId}",
        ),
        (
            "path = \"/\"",
            "path = \"/{orderId}\"",
            "site.checks[0].path: unknown placeholder {orderId}; known here: {nonce} and {region}",
        ),
    ]);
    let probed = messages(&[("name = \"read back\"", "name = \"read back\"\nuse = \"always\"")]);
    assert_eq!(probed.len(), 2, "path and expectation: {probed:?}");
    assert!(
        probed
            .iter()
            .all(|message| message.contains("but check \"order\", which captures it, isn't always made before")),
        "{probed:?}"
    );
}

#[test]
fn a_proof_of_an_image_looks_at_the_instances_address() {
    let site = "\"http://{address}:8080/shop\"";
    each_gives_one_message(&[
        (
            site,
            "\"http://10.0.0.7:8080\"",
            "image.proof.site: found \"http://10.0.0.7:8080\"; write an http or https address",
        ),
        (
            site,
            "\"{address}:8080\"",
            "image.proof.site: found \"{address}:8080\"; write an http or https address",
        ),
        (site, "\"http://{address}/?a\"", "image.proof.site: found"),
    ]);
}

#[test]
fn a_proof_of_an_image_makes_checks_of_the_site() {
    each_gives_one_message(&[(
        "checks = [\"home\"]",
        "checks = [\"home\", \"hom\"]",
        "image.proof.checks[1]: found \"hom\"; write the name of one of the site's checks: \"home\", \"order\" or \"read back\"",
    )]);
}

#[test]
fn an_image_may_be_pruned_once_it_is_too_old_to_use() {
    each_gives_one_message(&[(
        "minimumAge = \"12h\"",
        "minimumAge = \"4d\"",
        "image.minimumAge: found \"4d\", which is more than maximumAge, \"3d\"; write less",
    )]);
}

#[test]
fn a_timed_copy_takes_quarters_of_an_hour() {
    each_gives_one_message(&[(
        "copyWithin = \"1h\"",
        "copyWithin = \"50m\"",
        "image.copyWithin: found \"50m\"; write a multiple of 15m",
    )]);
}
