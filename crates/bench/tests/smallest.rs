//! The way a process is measured, by the one program that needs nothing else.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;

use bench::authority;
use bench::aws::Aws;
use bench::invoke::live;
use bench::variant::{self, Variant, World};
use tempfile::TempDir;

struct Bench {
    aws: Aws,
    folder: TempDir,
    smallest: Variant,
}

async fn bench() -> Bench {
    let folder = TempDir::new().unwrap();
    let (bundle, config) = authority::make(folder.path()).unwrap();
    let aws = Aws::start(config).await.unwrap();
    let world = World {
        endpoint: aws.url(),
        bundle,
    };
    let smallest = variant::smallest(Path::new(env!("CARGO_BIN_EXE_smallest")), &world);
    Bench { aws, folder, smallest }
}

impl Bench {
    async fn live(&mut self, times: usize) -> Result<bench::invoke::Life, String> {
        let log = self.folder.path().join("printed.log");
        live(&self.smallest, &[], &mut self.aws, &log, times)
            .await
            .map_err(|error| format!("{error:#}"))
    }
}

#[tokio::test]
async fn a_process_is_ready_before_it_answers_and_is_called_as_often_as_asked() {
    let life = bench().await.live(4).await.unwrap();
    assert!(life.ready < life.first_answer, "{life:?}");
    assert_eq!(life.warm.len(), 3);
    assert!(life.resident_bytes > 100_000, "{life:?}");
}

#[tokio::test]
async fn a_call_that_is_expected_and_not_made_is_an_error() {
    let mut bench = bench().await;
    bench.smallest.calls = vec!["rds:DescribeGlobalClusters".to_owned()];
    let error = bench.live(1).await.unwrap_err();
    assert!(error.contains("made the calls []"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_denial_is_an_error_for_a_program_that_calls_aws() {
    let mut bench = bench().await;
    bench.smallest.kind = variant::Kind::Action;
    let error = bench.live(1).await.unwrap_err();
    assert!(error.contains(r#"answered Reply("null")"#), "{error}");
}

#[tokio::test]
async fn a_program_that_ends_before_it_answers_is_an_error_with_what_it_printed() {
    let mut bench = bench().await;
    bench.smallest.program = "/bin/sh".into();
    bench.smallest.arguments = vec!["-c".to_owned(), "echo no such handler; exit 3".to_owned()];
    let error = bench.live(1).await.unwrap_err();
    assert!(error.contains("no such handler") && error.contains("exit status: 3"), "{error}");
}

#[tokio::test]
async fn a_zip_without_a_bootstrap_is_refused_by_the_guard() {
    let folder = TempDir::new().unwrap();
    let zip = folder.path().join("artifact.zip");
    let mut empty = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    empty.start_file("lambda", zip::write::SimpleFileOptions::default()).unwrap();
    empty.finish().unwrap();
    let error = bench::guard::guard(folder.path(), |_| {}).await.unwrap_err();
    assert!(format!("{error:#}").contains("find bootstrap in"), "{error:#}");
}
