//! What was asked of AWS: one [`Entry`] per call, in memory and, when asked for, as JSON lines in a file.
//!
//! Every claim about "no call to …" is read from here. An entry is written before its caller gets the answer, so whoever
//! has the answer finds the entry.

use std::collections::VecDeque;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

/// How many entries are kept in memory. The file has them all.
const KEPT: usize = 100_000;
/// How far a subscriber may fall behind.
const BEHIND: usize = 4_096;

/// One call to AWS, as the gateway saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// When the request arrived.
    pub time: Timestamp,
    /// Who asked: the application's name in the user agent (a function's own name, e.g. `launch-instances`); without one,
    /// `lab` for the root key, else the access key.
    pub caller: String,
    /// The Region that the request is signed for; `-` when it isn't signed.
    pub region: String,
    /// The service that the request is signed for, by its signing name (`monitoring` is CloudWatch, `states` Step
    /// Functions); `-` when it isn't signed.
    pub service: String,
    /// The operation as the service model names it; method and path where that can't be told.
    pub operation: String,
    /// What the request is about (cluster, `bucket/key`, function…), where that can be told.
    pub target: Option<String>,
    /// Whether it was a dry run of EC2, which changes nothing.
    pub dry_run: bool,
    /// The status of the answer; null when none was given (the Region was away, or the client gave up).
    pub status: Option<u16>,
    /// AWS's code when the answer is an error.
    pub error_code: Option<String>,
    /// Milliseconds from the request's arrival to the head of its answer, or to its end without one.
    pub millis: u64,
    /// What the gateway did to it, null when nothing: `outage: hang`, `throttled`, `promoting until …`. A call that the
    /// Region went away under says `the call was made` first: AWS may have done it, and the caller never heard.
    pub weather: Option<String>,
}

impl Entry {
    /// Whether AWS did what was asked. A dry run never does.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| (200..400).contains(&status))
    }

    /// Whether a function asked for a change of anything and may have got it. Not the probe's metric, which is no part of a run.
    pub fn changes_by_function(&self) -> bool {
        const READS: [&str; 4] = ["Describe", "Get", "List", "Head"];
        let function = !["lab", "site"].contains(&self.caller.as_str()) && self.service != "-";
        let reads = READS.iter().any(|reads| self.operation.starts_with(reads)) || self.operation == "PutMetricData";
        function && !reads && !self.dry_run
    }

    /// The IAM action that allows this call, as policies write it: mostly service and operation, with the exceptions that the
    /// Service Authorization Reference lists for S3, Lambda and CloudWatch.
    pub fn iam_action(&self) -> String {
        let versioned = self.target.as_deref().is_some_and(|target| target.contains("?versionId="));
        let prefix = match self.service.as_str() {
            "monitoring" => "cloudwatch",
            service => service,
        };
        let action = match (prefix, self.operation.as_str()) {
            ("s3", "GetObject" | "HeadObject") if versioned => "GetObjectVersion",
            ("s3", "HeadObject") => "GetObject",
            ("s3", "HeadBucket" | "ListObjects" | "ListObjectsV2") => "ListBucket",
            ("s3", "ListObjectVersions") => "ListBucketVersions",
            ("s3", "ListBuckets") => "ListAllMyBuckets",
            ("s3", "CopyObject" | "CreateMultipartUpload" | "UploadPart" | "UploadPartCopy" | "CompleteMultipartUpload") => "PutObject",
            ("s3", "DeleteObjects") => "DeleteObject",
            ("lambda", "Invoke") => "InvokeFunction",
            (_, operation) => operation,
        };
        format!("{prefix}:{action}")
    }
}

/// What was asked of AWS so far. Cheap to clone; all clones are one log.
#[derive(Clone, Debug)]
pub struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kept: Mutex<Kept>,
    news: broadcast::Sender<Arc<Entry>>,
}

#[derive(Debug)]
struct Kept {
    entries: VecDeque<Arc<Entry>>,
    file: Option<File>,
}

impl Log {
    /// A log that also writes to `file`, if given.
    pub(crate) fn new(file: Option<&Path>) -> anyhow::Result<Self> {
        let file = file
            .map(|path| File::create(path).with_context(|| format!("create {}", path.display())))
            .transpose()?;
        Ok(Self(Arc::new(Inner {
            kept: Mutex::new(Kept {
                entries: VecDeque::new(),
                file,
            }),
            news: broadcast::Sender::new(BEHIND),
        })))
    }

    /// The entries so far (the last 100,000), in the order in which the calls ended.
    pub fn snapshot(&self) -> Vec<Arc<Entry>> {
        let kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entries.iter().cloned().collect()
    }

    /// Every entry from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.0.news.subscribe()
    }

    fn write(&self, entry: Entry) {
        let entry = Arc::new(entry);
        let mut kept = self.0.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut kept.file
            && let Ok(mut line) = serde_json::to_vec(&*entry)
        {
            line.push(b'\n');
            // A full disk must not stop the emulated AWS; the entry is still in memory.
            let _ = file.write_all(&line);
        }
        if kept.entries.len() == KEPT {
            kept.entries.pop_front();
        }
        kept.entries.push_back(Arc::clone(&entry));
        // Sent under the lock, so that subscribers see the order of the snapshot. Nobody listening is no error.
        let _ = self.0.news.send(entry);
    }
}

/// The entry of a call under way. Dropped before its answer, it is written as never answered.
#[derive(Debug)]
pub(crate) struct Pending {
    log: Log,
    entry: Option<Entry>,
    since: Instant,
}

impl Pending {
    pub(crate) fn new(log: &Log, entry: Entry, since: Instant) -> Self {
        Self {
            log: log.clone(),
            entry: Some(entry),
            since,
        }
    }

    /// Notes what the gateway does to the call.
    pub(crate) fn note(&mut self, weather: &str) {
        if let Some(entry) = &mut self.entry {
            match &mut entry.weather {
                Some(noted) => {
                    noted.push_str("; ");
                    noted.push_str(weather);
                }
                None => entry.weather = Some(weather.to_owned()),
            }
        }
    }

    /// Writes the entry with its answer.
    pub(crate) fn answered(mut self, status: u16, error_code: Option<String>) {
        if let Some(entry) = &mut self.entry {
            entry.status = Some(status);
            entry.error_code = error_code;
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.log.write(entry);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn entry(service: &str, operation: &str, target: Option<&str>) -> Entry {
        Entry {
            time: Timestamp::UNIX_EPOCH,
            caller: "open-run".to_owned(),
            region: "us-west-1".to_owned(),
            service: service.to_owned(),
            operation: operation.to_owned(),
            target: target.map(str::to_owned),
            dry_run: false,
            status: None,
            error_code: None,
            millis: 0,
            weather: None,
        }
    }

    #[test]
    fn an_entry_is_one_line_of_json_with_all_its_fields() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("requests.jsonl");
        let log = Log::new(Some(&path)).unwrap();
        let mut pending = Pending::new(&log, entry("rds", "DescribeDBClusters", None), Instant::now());
        pending.note("promoting until later");
        pending.note("delayed 1 ms");
        pending.answered(200, None);
        let written = std::fs::read_to_string(&path).unwrap();
        let line: serde_json::Value = serde_json::from_str(written.trim_end()).unwrap();
        let expected = serde_json::json!({
            "time": "1970-01-01T00:00:00Z", "caller": "open-run", "region": "us-west-1", "service": "rds",
            "operation": "DescribeDBClusters", "target": null, "dryRun": false, "status": 200, "errorCode": null,
            "millis": line["millis"], "weather": "promoting until later; delayed 1 ms",
        });
        assert_eq!(line, expected);
        assert_eq!(written.lines().count(), 1);
    }

    #[test]
    fn a_call_that_is_dropped_is_logged_as_never_answered() {
        let log = Log::new(None).unwrap();
        let mut news = log.subscribe();
        drop(Pending::new(&log, entry("rds", "DescribeDBClusters", None), Instant::now()));
        let seen = log.snapshot();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].status, seen[0].succeeded()), (None, false));
        assert_eq!(news.try_recv().unwrap(), seen[0]);
    }

    #[test]
    fn a_call_names_the_action_that_policies_name() {
        for (service, operation, target, action) in [
            ("rds", "RemoveFromGlobalCluster", None, "rds:RemoveFromGlobalCluster"),
            ("monitoring", "PutMetricData", None, "cloudwatch:PutMetricData"),
            ("states", "StartExecution", None, "states:StartExecution"),
            ("lambda", "Invoke", None, "lambda:InvokeFunction"),
            ("s3", "GetObject", Some("b/k"), "s3:GetObject"),
            ("s3", "GetObject", Some("b/k?versionId=1"), "s3:GetObjectVersion"),
            ("s3", "ListObjectsV2", Some("b"), "s3:ListBucket"),
        ] {
            assert_eq!(entry(service, operation, target).iam_action(), action);
        }
    }
}
