//! The smallest possible bootstrap: the standard library, one raw socket, no AWS call.
//!
//! What is left is what any custom runtime costs; the functions are measured beside it.
#![allow(
    clippy::disallowed_methods,
    reason = "it reads the one variable by which Lambda tells where its Runtime API is"
)]

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::net::TcpStream;

const INVOCATIONS: &str = "/2018-06-01/runtime/invocation";

fn main() -> Result<()> {
    let host = std::env::var("AWS_LAMBDA_RUNTIME_API").map_err(Error::other)?;
    let mut api = TcpStream::connect(&host)?;
    api.set_nodelay(true)?;
    loop {
        write!(api, "GET {INVOCATIONS}/next HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
        let head = message(&mut api)?;
        let id = header(&head, "lambda-runtime-aws-request-id").ok_or(ErrorKind::InvalidData)?;
        // One segment: a second one would wait for the first to be acknowledged.
        api.write_all(format!("POST {INVOCATIONS}/{id}/response HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n\r\nnull").as_bytes())?;
        message(&mut api)?;
    }
}

/// Reads one HTTP message; returns its head.
fn message(api: &mut TcpStream) -> Result<String> {
    let mut read = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(read.get(..end).unwrap_or_default()).into_owned();
            let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if read.len() >= end + 4 + length {
                return Ok(head);
            }
        }
        match api.read(&mut buffer)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => read.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields
        .into_iter()
        .find(|(field, _)| field.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}
