//! What wins over what, and what is refused.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{path::Path, time::Duration};

use clap::Parser;

use super::*;
use crate::telemetry::{LogFormat, OtlpProtocol};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    service: ServiceArgs,
}

fn defaults() -> Defaults {
    Defaults {
        service: "production",
        port: 7_002,
        data: PathBuf::from("takt-data"),
        peers: &[("procurement", 7_001)],
    }
}

fn load(flags: &[&str]) -> Result<ServiceConfig, ConfigError> {
    let words = std::iter::once("takt-production").chain(flags.iter().copied());
    ServiceConfig::load(
        &Command::try_parse_from(words).unwrap().service,
        &defaults(),
    )
}

fn file(folder: &Path, text: &str) -> String {
    let path = folder.join("takt.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn defaults_are_safe_and_complete() {
    let config = load(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7002");
    assert_eq!(
        config.database.reveal(),
        "sqlite:takt-data/production.sqlite"
    );
    assert!(config.database.is_embedded());
    assert_eq!(config.peers["procurement"], "http://127.0.0.1:7001");
    assert_eq!(config.migrate, MigrateMode::Embedded);
    assert_eq!(config.chassis.limits.message_bytes, 4 << 20);
    assert_eq!(config.chassis.deadline, Duration::from_secs(30));
    assert_eq!(config.chassis.log.otlp, None);
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        folder.path(),
        r#"
        log_format = "json"
        deadline = "5s"
        stream_deadline = "2m"
        otlp_endpoint = "http://collector:4317"
        otlp_protocol = "grpc"

        [limits]
        calls = 7

        [service.production]
        listen = "127.0.0.1:9000"
        migrate = true
        [service.production.peers]
        procurement = "http://127.0.0.1:9001"
        elsewhere = "http://127.0.0.1:9002"

        [service.delivery]
        listen = "127.0.0.1:9999"
        "#,
    );
    let config = load(&[
        "--config",
        &path,
        "--deadline",
        "1500ms",
        "--peer",
        "procurement=http://127.0.0.1:1",
        "--max-streams",
        "9",
    ])
    .unwrap();
    let chassis = &config.chassis;
    assert_eq!(chassis.deadline, Duration::from_millis(1_500));
    assert_eq!(chassis.stream_deadline, Duration::from_secs(120));
    assert_eq!(chassis.log.format, LogFormat::Json);
    assert_eq!(
        chassis.log.otlp.as_ref().unwrap().protocol,
        OtlpProtocol::Grpc
    );
    assert_eq!((chassis.limits.calls, chassis.limits.streams), (7, 9));
    assert_eq!(config.listen.port(), 9_000);
    assert_eq!(config.migrate, MigrateMode::Always);
    assert_eq!(config.peers["procurement"], "http://127.0.0.1:1");
    assert_eq!(config.peers["elsewhere"], "http://127.0.0.1:9002");
}

#[test]
fn everything_wrong_is_said_at_once() {
    let error = load(&[
        "--listen",
        "0.0.0.0:7002",
        "--database-url",
        "mysql://root:secret@db/x",
        "--peer",
        "procurement=127.0.0.1:7001",
        "--max-calls",
        "0",
        "--max-message",
        "10",
        "--config",
        "/nowhere/takt.toml",
    ])
    .unwrap_err();
    let text = error.to_string();
    let flags = [
        "--listen",
        "--database-url",
        "--peer",
        "--max-calls",
        "--max-message",
        "--config",
    ];
    for flag in flags {
        assert!(text.contains(&format!("{flag}: ")), "{flag} in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(error.0.len(), 6);
    assert!(
        load(&["--listen", "0.0.0.0:7002", "--insecure"])
            .unwrap()
            .insecure
    );
}

#[test]
fn an_unknown_key_is_an_error_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "deadline = \"5s\"\ndealine = \"5s\"\n");
    let text = load(&["--config", &path]).unwrap_err().to_string();
    assert!(
        text.contains("dealine") && text.contains("line 2"),
        "{text}"
    );
    let path = file(folder.path(), "deadline = \"soon\"\n");
    let text = load(&["--config", &path]).unwrap_err().to_string();
    assert!(text.contains("\"soon\" is not a span of time"), "{text}");
}

#[test]
fn a_password_is_never_printed() {
    let cases = [
        (
            "postgres://takt:p@ss:w@db:5432/x",
            "postgres://takt:***@db:5432/x",
        ),
        (
            "postgres://takt@db/x?password=s",
            "postgres://takt:***@db/x?...",
        ),
        ("postgres://db/x", "postgres://db/x"),
        ("sqlite:a/b.sqlite", "sqlite:a/b.sqlite"),
    ];
    for (url, shown) in cases {
        let url = DatabaseUrl::new(url);
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), shown);
    }
}

#[test]
fn spans_of_time_are_written_as_people_write_them() {
    let read = |text| parse_span(text).map(Duration::from);
    assert_eq!(read("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(read("7d"), Ok(Duration::from_secs(604_800)));
    assert_eq!(read("0"), Ok(Duration::ZERO));
    for wrong in ["", "5", "5 s ", "-1s", "1w", "99999999999999999999s"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}
