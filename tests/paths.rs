//! What lies on the recovery path: only the recovery Region, and only data planes beyond it.
//!
//! Held in three ways: here over the machines, the policies and the code; in the lab over the log of every request; and by
//! IAM, which the lab enforces.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use action::Effect;
use relight_tests::{allowed, deployed, functions, invoked, root, states};

/// Control planes that live in one Region, mostly us-east-1 (AWS Fault Isolation Boundaries, appendices), and the global
/// endpoint of STS.
const FAR_CONTROL_PLANES: [&str; 9] = [
    "route53",
    "iam",
    "cloudfront",
    "organizations",
    "globalaccelerator",
    "route53-recovery-control-config",
    "acm",
    "shield",
    "sts",
];

/// Calls that make DNS names, which a recovery can't wait for (same source).
const MAKE_NAMES: [&str; 6] = [
    "rds:CreateDBInstance",
    "rds:CreateDBCluster",
    "elasticloadbalancing:CreateLoadBalancer",
    "s3:CreateBucket",
    "apigateway:CreateRestApi",
    "eks:CreateCluster",
];

/// Calls that lose data. Rule 8: data is never deleted.
const LOSE_DATA: [&str; 5] = [
    "rds:DeleteDBCluster",
    "rds:DeleteDBInstance",
    "rds:DeleteGlobalCluster",
    "s3:DeleteObject",
    "dynamodb:DeleteTable",
];

/// What a recovery may try in the primary Region: rule 5 allows the fence, and nobody waits for it beyond its bound. What keeps lost writes
/// comes when the site is proven.
const ABROAD: [&str; 2] = [fence_primary::NAME, keep_lost_writes::NAME];

/// What may call the endpoints of routing controls, which are a data plane in five Regions of AWS's choice.
const ROUTES: &str = shift_traffic::NAME;

/// What asks of these control planes, in peace alone: no recovery starts it.
const ASKS_FAR: &str = check_dependencies::NAME;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Functions that look with another's code, so that both see the same.
const LOOKS_WITH: [(&str, &str); 2] = [
    (check_compute::NAME, launch_instances::NAME),
    (check_database::NAME, choose_promotion::NAME),
];

/// The code of a function and of the crates that make calls for it.
fn code(function: &str) -> String {
    let mut files = Vec::new();
    let other = LOOKS_WITH
        .iter()
        .find(|(name, _)| *name == function)
        .map_or(function, |(_, other)| other);
    for folder in BTreeSet::from([
        format!("functions/{function}/src"),
        format!("functions/{other}/src"),
        "crates/aurora/src".to_owned(),
        "crates/bucket/src".to_owned(),
        "crates/images/src".to_owned(),
        "crates/ledger/src".to_owned(),
        "crates/places/src".to_owned(),
        "crates/signals/src".to_owned(),
    ]) {
        sources(&root().join(folder), &mut files);
    }
    files.iter().map(|file| std::fs::read_to_string(file).expect("a source")).collect()
}

fn snake(operation: &str) -> String {
    let mut name = String::new();
    let letters: Vec<char> = operation.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let begins_word = letter.is_ascii_uppercase()
            && index > 0
            && (letters[index - 1].is_ascii_lowercase() || letters.get(index + 1).is_some_and(char::is_ascii_lowercase));
        // "DescribeDBClusters" is describe_db_clusters.
        if begins_word {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn operations_are_spelt_as_the_sdk_spells_them() {
    assert_eq!(snake("DescribeDBClusters"), "describe_db_clusters");
    assert_eq!(snake("RemoveFromGlobalCluster"), "remove_from_global_cluster");
    assert_eq!(snake("GetObject"), "get_object");
}

#[test]
fn every_declared_call_is_made_by_the_code() {
    for function in functions() {
        let code = code(function.name);
        for call in function.calls {
            let operation = call.iam_action.split_once(':').expect("a service and an operation").1;
            // A version is asked for by the same call, under a permission of its own.
            let operation = match operation {
                "GetObjectVersion" => "GetObject",
                // Lambda's IAM action has a longer name than its operation.
                "InvokeFunction" => "Invoke",
                operation => operation,
            };
            // By a client of the SDK, or as crates/bucket names it to the SDK's orchestrator.
            let made = [format!(".{}()", snake(operation)), format!("operation(\"{operation}\"")];
            assert!(
                made.iter().any(|call| code.contains(call)),
                "{} declares {} and never calls it",
                function.name,
                call.iam_action
            );
        }
    }
}

#[test]
fn no_function_may_reach_a_control_plane_that_is_far_away() {
    let deployed = deployed().expect("the template");
    for (name, function) in &deployed {
        for policy in ["calls", "implied"] {
            for action in allowed(function, policy).expect("the policy") {
                let service = action.split_once(':').map_or("", |(service, _)| service);
                // EC2 asks whether the caller may pass the instances' role; no request goes to IAM.
                if action == "iam:PassRole" {
                    continue;
                }
                assert!(name == ASKS_FAR || !FAR_CONTROL_PLANES.contains(&service), "{name} may {action}");
                assert!(!MAKE_NAMES.contains(&action.as_str()), "{name} may {action}");
                assert!(!LOSE_DATA.contains(&action.as_str()), "{name} may {action}");
            }
        }
    }
}

#[test]
fn far_control_planes_are_asked_by_a_reader_that_the_readiness_machine_alone_starts() {
    let far = functions()
        .into_iter()
        .find(|function| function.name == ASKS_FAR)
        .expect("the function");
    assert!(
        far.calls.iter().all(|call| call.effect == Effect::Read),
        "{ASKS_FAR} may change something"
    );
    let machines = relight_tests::machines().expect("the machines");
    let starting: Vec<&String> = machines.keys().filter(|machine| invoked(machine).contains(ASKS_FAR)).collect();
    assert_eq!(starting, ["readiness.asl.json"]);
    // Nor may anything else start it: its ARN is given to that machine and to nobody.
    let engine = relight_tests::engine().expect("the template");
    let naming: Vec<String> = engine["Resources"]
        .as_mapping()
        .expect("resources")
        .iter()
        .filter(|(_, resource)| serde_yaml_ng::to_string(resource).is_ok_and(|text| text.contains("CheckDependencies.Arn")))
        .map(|(name, _)| relight_tests::text(name))
        .collect();
    assert_eq!(naming, ["Readiness", "ReadinessRole"]);
}

#[test]
fn the_machines_call_nothing_by_themselves_but_hooks_plans_messages_and_the_ledger() {
    let mut resources = BTreeSet::new();
    for state in states().expect("the machines") {
        if let Some(resource) = state.definition["Resource"].as_str() {
            resources.insert(resource.to_owned());
        }
    }
    let known = [
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::dynamodb:getItem",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::aws-sdk:s3:putObject",
        "arn:aws:states:::sns:publish",
    ];
    assert_eq!(resources, known.map(str::to_owned).into());
}

#[test]
fn clients_are_built_for_the_functions_own_region_only() {
    // The one place that sets a Region is crates/action, from the environment that Lambda gives.
    for function in functions() {
        let mut files = Vec::new();
        sources(&root().join("functions").join(function.name).join("src"), &mut files);
        for file in files {
            // Without an argument it reads a Region: that of an ARN, or the one by which a client on paper names its calls.
            let code = std::fs::read_to_string(&file).expect("a source").replace(".region()", "");
            for forbidden in [".region(", "Region::new(", "endpoint_url(", "use_fips(", "aws_config"] {
                assert!(!code.contains(forbidden), "{} has {forbidden}", file.display());
            }
            // Another Region is for those that no recovery runs, and for what a recovery tries there within a bound of its own.
            assert!(
                !code.contains("aws::far(") || ABROAD.contains(&function.name),
                "{} tries something in another Region",
                file.display()
            );
            assert!(
                !code.contains("aws::endpoint(") || function.name == ROUTES,
                "{} calls an endpoint of its own",
                file.display()
            );
            let recovers = function.name == start_recovery::NAME || invoked("failover.asl.json").contains(function.name);
            assert!(
                !(recovers && code.contains("elsewhere(")),
                "{} reaches another Region",
                file.display()
            );
        }
    }
}

#[test]
fn a_call_that_changes_something_takes_a_permit() {
    let mut seen = 0;
    for function in functions() {
        // The probe has no mode: its metric is what starts a run, in peace too.
        if function.name == smoke_test::NAME {
            continue;
        }
        let operations = |effect| {
            let calls = function.calls.iter().filter(move |call| call.effect == effect);
            calls
                .map(|call| {
                    format!(
                        ".{}()",
                        snake(call.iam_action.split_once(':').expect("a service and an operation").1)
                    )
                })
                .collect::<Vec<_>>()
        };
        let (reading, changing) = (operations(Effect::Read), operations(Effect::Change));
        let mut files = Vec::new();
        sources(&root().join("functions").join(function.name).join("src"), &mut files);
        for file in files {
            let code = std::fs::read_to_string(&file).expect("a source");
            for sends in code.split("fn ").filter(|body| body.contains(".send()")) {
                let has = |operations: &[String]| operations.iter().any(|operation| sends.contains(operation.as_str()));
                // What sends a request that was built elsewhere may send anything.
                if !has(&changing) && has(&reading) {
                    continue;
                }
                let signature = sends.split(" {\n").next().unwrap_or_default();
                let dry = ["dry_run(true)", "on_paper(", "InvocationType::DryRun"];
                let permitted = signature.contains("Permit") || dry.iter().any(|dry| sends.contains(dry));
                assert!(
                    permitted,
                    "{}: something is sent without a permit in {}: {signature}",
                    function.name,
                    file.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 8, "only {seen} functions were seen to send a change");
}

/// What is tried where the outage is must end by itself, and never keep a recovery from going on.
#[test]
fn what_a_recovery_tries_abroad_is_asked_once_bounded_and_goes_on_after_any_error() {
    let mut seen = 0;
    for state in states().expect("the machines") {
        if !state.function().is_some_and(|function| ABROAD.contains(&function.as_str())) {
            continue;
        }
        let seconds = state.definition["TimeoutSeconds"].as_u64().expect("TimeoutSeconds");
        assert!(seconds <= 15, "{} may keep a recovery waiting for {seconds} s", state.name);
        assert!(state.definition.get("Retry").is_none(), "{} is asked more than once", state.name);
        let catches = state.definition["Catch"].as_array().cloned().unwrap_or_default();
        let [catch] = catches.as_slice() else {
            panic!("{} has {} ways on after an error", state.name, catches.len())
        };
        assert_eq!(catch["ErrorEquals"][0], "States.ALL", "{}", state.name);
        assert_eq!(
            catch["Next"], state.definition["Next"],
            "{} goes elsewhere after an error",
            state.name
        );
        seen += 1;
    }
    assert!(seen > 0, "nothing is tried abroad");
}

/// The policy that lets a fence stop something doesn't let it do so where the workload recovers to.
#[test]
fn the_fence_may_stop_nothing_in_the_recovery_region() {
    let engine = relight_tests::engine().expect("the template");
    let policies = &engine["Resources"]["FencePrimaryRole"]["Properties"]["Policies"];
    let mut stops = 0;
    for statement in policies[0]["PolicyDocument"]["Statement"].as_sequence().expect("statements") {
        let action = relight_tests::text(&statement["Action"]);
        if !["autoscaling:UpdateAutoScalingGroup", "ec2:StopInstances"].contains(&action.as_str()) {
            continue;
        }
        let condition = &statement["Condition"];
        let elsewhere = relight_tests::text(&condition["StringNotEquals"]["aws:RequestedRegion"]);
        assert_eq!(elsewhere, "AWS::Region", "{action} in any Region");
        assert_eq!(
            relight_tests::text(&condition["Null"]["aws:ResourceTag/relight:workload"]),
            "false",
            "{action} on what has not opted in"
        );
        stops += 1;
    }
    assert_eq!(stops, 2);
}
