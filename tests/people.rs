//! What people can say to a run, held against the machines: the stop button, and what is written of it.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use relight_tests::{State, root, states};

/// The button must never be what holds a recovery up: where the ledger can't be read, the machine goes on as if nobody had
/// asked for a stop; where somebody has, the way leads to no other step.
#[test]
fn a_look_for_a_stop_that_fails_goes_on_and_one_that_finds_it_leads_to_no_further_step() {
    let all = states().expect("the machines");
    let named = |machine: &str, name: &str| {
        all.iter()
            .find(|state| state.machine == machine && state.name == name)
            .unwrap_or_else(|| panic!("{machine} has no {name}"))
    };
    let looks: Vec<&State> = all
        .iter()
        .filter(|state| state.definition["Resource"] == "arn:aws:states:::dynamodb:getItem")
        .collect();
    assert_eq!(looks.len(), 17, "a look was added or taken away: docs/safety.md tells of each");
    for look in looks {
        assert!(look.name.starts_with("Look For Stop "), "{}", look.name);
        let choice = named(&look.machine, look.definition["Next"].as_str().expect("a choice"));
        let choices = choice.definition["Choices"].as_array().expect("choices");
        let [found, none] = choices.as_slice() else {
            panic!("{} has {} choices", choice.name, choices.len())
        };
        assert_eq!(found["Condition"], "{% $count($states.input.stops) > 0 %}", "{}", choice.name);
        assert_eq!(none["Condition"], "{% $count($states.input.stops) = 0 %}", "{}", choice.name);
        assert_eq!(look.definition["Catch"][0]["Next"], none["Next"], "{}", look.name);
        let ends = [
            "Close Run",
            "Database Stopped",
            "Compute Stopped",
            "Tables Stopped",
            "Terminate Copy",
        ];
        assert!(ends.contains(&found["Next"].as_str().expect("a state")), "{}", choice.name);
        let written = look.definition["Output"]["stops"].as_str().expect("an expression");
        assert!(
            written.contains(&format!("'state': '{}'", look.name)),
            "{} names another state",
            look.name
        );
        let key = &look.definition["Arguments"]["Key"];
        assert_eq!(
            (key["pk"]["S"].as_str(), key["sk"]["S"].as_str()),
            (Some("{% 'workload#' & $workload %}"), Some("{% 'stop#' & $run %}")),
            "{}",
            look.name
        );
    }
}

/// Whoever is on call must find what a stop means in the state that the console shows.
#[test]
fn the_meaning_of_a_stop_is_written_down_for_every_state() {
    let safety = std::fs::read_to_string(root().join("docs/safety.md")).expect("docs/safety.md");
    let section = |title: &str| {
        let (_, rest) = safety
            .split_once(&format!("\n### {title}\n"))
            .unwrap_or_else(|| panic!("no section {title}"));
        rest.split("\n#").next().unwrap_or_default().to_owned()
    };
    for (title, machine) in [
        ("In the failover machine", "failover.asl.json"),
        ("In the refresh-image machine", "refresh-image.asl.json"),
    ] {
        let table = section(title);
        let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
        let mut told = Vec::new();
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            assert_eq!(cells.len(), 4, "{row}");
            assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
            told.extend(cells[0].split(", ").map(|name| name.trim_matches('`').to_owned()));
        }
        let mut known: Vec<String> = states()
            .expect("the machines")
            .into_iter()
            .filter(|state| state.machine == machine)
            .map(|state| state.name)
            .collect();
        told.sort();
        known.sort();
        assert_eq!(told, known, "the table of {title} against its states");
    }
}
