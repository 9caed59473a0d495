//! As much of HTTP as senders of telemetry speak.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Answer, Request};

/// Answers the requests of a connection, and hands each to `received` before.
pub(super) fn answer(connection: TcpStream, answer: Answer, received: impl Fn(Request)) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    while let Some(request) = read(&mut reader)? {
        received(request);
        match answer {
            Answer::Status(status) => {
                let head = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\n\r\n");
                writer.write_all(head.as_bytes())?;
            }
            Answer::Nothing => loop {
                std::thread::sleep(Duration::from_secs(60));
            },
        }
    }
    Ok(())
}

/// None where the sender has closed the connection.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { path, headers, body }))
}
