//! Keys, kinds of value and forms: a good plan with one thing changed, and the one message that this gives.

mod common;

use common::{each_gives_one_message, messages};

#[test]
fn a_misspelt_key_names_the_nearest_one_and_what_it_holds_is_checked_all_the_same() {
    each_gives_one_message(&[
        (
            "workload =",
            "worklaod =",
            "worklaod: unknown key \"worklaod\"; did you mean \"workload\"?",
        ),
        (
            "[compute.launch]",
            "[compute.lanch]",
            "compute.lanch: unknown key \"lanch\"; did you mean \"launch\"?",
        ),
        (
            "globalCluster",
            "global_cluster",
            "database.global_cluster: unknown key \"global_cluster\"; did you mean \"globalCluster\"?",
        ),
        (
            "kind = \"parameter\"",
            "kin = \"parameter\"",
            "endpoints[0].kin: unknown key \"kin\"; did you mean \"kind\"?",
        ),
        (
            "{ tag = {",
            "{ tagg = {",
            "image.source.tagg: unknown key \"tagg\"; did you mean \"tag\"?",
        ),
        (
            "{ function =",
            "{ func =",
            "guards.fence.func: unknown key \"func\"; did you mean \"function\"?",
        ),
        ("keep = 2", "keep = 2\nzzz = 1", "image.zzz: unknown key \"zzz\"; did you mean"),
    ]);
    let twice = messages(&[("[probe]\nperiod = \"20s\"", "[prob]\nperiod = \"7s\"")]);
    assert_eq!(twice.len(), 2, "{twice:?}");
}

#[test]
fn a_value_of_the_wrong_kind_or_form_says_what_to_write() {
    each_gives_one_message(&[
        ("\"15m\"", "15", "objectives.rto: found 15; write a duration, such as"),
        (
            "\"15m\"",
            "\"15 parsecs\"",
            "objectives.rto: found \"15 parsecs\"; write a duration, such as",
        ),
        ("\"15m\"", "\"-15m\"", "objectives.rto: found \"-15m\"; write a duration"),
        (
            "\"15m\"",
            "\"0s\"",
            "objectives.rto: found \"0s\"; write a duration, such as \"90s\", \"15m\" or \"7d\", from 1s to 7d",
        ),
        ("\"3d\"", "\"1mo\"", "image.maximumAge: found \"1mo\"; write a duration"),
        (
            "\"failover\"",
            "\"force\"",
            "database.promotion: found \"force\"; write \"auto\", \"failover\" or \"detach\"",
        ),
        (
            "count = 1",
            "count = \"one\"",
            "compute.launch.count: found \"one\"; write an integer from 1 to 100",
        ),
        (
            "keep = 2",
            "keep = 0x200",
            "image.keep: found 0x200; write an integer from 1 to 100",
        ),
        ("count = 1", "count = 1.0", "compute.launch.count: found 1.0; write an integer"),
        (
            "keep = 2",
            "keep = 99999999999999999999",
            "image.keep: found 99999999999999999999; write an integer",
        ),
        (
            "status = 201",
            "status = 2010",
            "site.checks[1].expect.status: found 2010; write an integer from 100 to 599",
        ),
        (
            "[\"subnet-0123456789abcdef0\"]\ncount",
            "[]\ncount",
            "compute.launch.subnets: found an empty array; write an array that is not empty",
        ),
        (
            "\"m6g.large\"",
            "\"large\"",
            "compute.launch.instanceTypes[1]: found \"large\"; write an instance type",
        ),
        (
            "name = \"home\"",
            "name = \"\"",
            "site.checks[0].name: found \"\"; write a text that is not empty",
        ),
        (
            "\"/count\" = 1,",
            "\"/count\" = [],",
            "site.checks[2].expect.json.\"/count\": found an empty array; write a text, an integer or a boolean",
        ),
        (
            "{ id = \"relight\" }",
            "{ id = 1 }",
            "tables[0].probeItem.id: found 1; write a text",
        ),
        (
            "{ tag = { key = \"role\", value = \"web\" } }",
            "\"web\"",
            "image.source: found \"web\"; write { instance = … }, { tag = … } or { group = … }",
        ),
        (
            "{ tag = { key = \"role\", value = \"web\" } }",
            "{}",
            "image.source: found an empty table; write exactly one of",
        ),
        (
            "{ tag = {",
            "{ instance = \"i-0123456789abcdef0\", tag = {",
            "image.source: found instance and tag; write exactly one of",
        ),
        ("key = \"role\", ", "", "image.source.tag.key: missing; write a text"),
        (
            "mode = \"approve\"",
            "",
            "guards.mode: missing; write \"automatic\", \"approve\" or \"notify\"",
        ),
        (
            "method = \"parameter\"",
            "method = \"dns\"",
            "traffic.method: found \"dns\"; write \"none\", ",
        ),
        (
            "kind = \"object\"",
            "kind = \"file\"",
            "endpoints[1].kind: found \"file\"; write \"parameter\" or \"object\"",
        ),
        (
            "{ accept = \"text/html\" }",
            "[]",
            "site.checks[0].headers: found an empty array; write a table",
        ),
        (
            "https://shop.us-west-2.example.com",
            "shop.us-west-2.example.com",
            "site.recovery: found \"shop.us-west-2.example.com\"; write an http or https address",
        ),
    ]);
}
