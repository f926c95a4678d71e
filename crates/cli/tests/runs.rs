//! The commands that speak to a run, as far as they get without AWS: what they lack is named.
#![allow(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::process::{Command, Output};

const RUN: &str = "unishop-20261121T031502Z";

/// The command with nothing of this machine's own settings.
fn relight(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let home = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_relight"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];

#[test]
fn without_a_region_or_credentials_the_command_says_how_to_give_them() {
    for command in ["approve", "deny", "stop"] {
        let output = relight(&[command, RUN], &KEYS);
        assert_eq!(output.status.code(), Some(1));
        assert!(complained(&output).contains("no Region: give --region"), "{}", complained(&output));
        let output = relight(&[command, RUN, "--region", "us-west-1"], &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            complained(&output).contains("no credentials: set AWS_ACCESS_KEY_ID"),
            "{}",
            complained(&output)
        );
    }
}

#[test]
fn a_profile_gives_region_and_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    let profile = "[profile dr]\nregion = us-west-1\naws_access_key_id = test\naws_secret_access_key = test\n";
    std::fs::write(&file, profile).unwrap();
    let settings = [
        ("AWS_CONFIG_FILE", file.to_str().unwrap()),
        ("AWS_PROFILE", "dr"),
        // Nothing listens on the discard port.
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ];
    let output = relight(&["stop", RUN, "--who", "Ada"], &settings);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        complained(&output).contains("invoke relight-stop-run in us-west-1"),
        "{}",
        complained(&output)
    );
}

#[test]
fn what_is_no_run_id_is_a_mistake_of_usage() {
    for arguments in [vec!["approve", "no run"], vec!["deny"], vec!["stop", RUN, "--comment", "x"]] {
        let output = relight(&arguments, &KEYS);
        assert_eq!(output.status.code(), Some(2), "{}", complained(&output));
    }
    let output = relight(&["approve", "no run"], &KEYS);
    assert!(complained(&output).contains("is not a run id"), "{}", complained(&output));
}
