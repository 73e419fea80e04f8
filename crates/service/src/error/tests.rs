//! Every error as a client decodes it, and every code of the database that means something.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr,
    sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use takt_kernel::{FieldViolation, Violations};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{DOMAIN, Error, Outcome, Refusal, database::from_sqlstate, reason_of};

#[test]
fn every_error_has_one_code_one_reason_and_a_sentence() {
    let soon = Duration::from_millis(250);
    let table: Vec<(Error, Code, &str, &str)> = vec![
        (
            Error::invalid("lines[3].quantity", "it is negative; give 0 or more"),
            Code::InvalidArgument,
            "INVALID",
            "lines[3].quantity: it is negative; give 0 or more",
        ),
        (
            Error::request_id_reused("r-1"),
            Code::InvalidArgument,
            "REQUEST_ID_REUSED",
            "request_id: r-1 was used before with another body; give every new request an id of its own",
        ),
        (
            Error::missing("order", "o-1"),
            Code::NotFound,
            "MISSING",
            "order o-1 does not exist",
        ),
        (
            Error::exists("order", "o-1"),
            Code::AlreadyExists,
            "EXISTS",
            "order o-1 exists already",
        ),
        (
            Error::refused(
                "ALREADY_SHIPPED",
                "order o-1 is shipped; open a return instead",
            ),
            Code::FailedPrecondition,
            "ALREADY_SHIPPED",
            "order o-1 is shipped; open a return instead",
        ),
        (
            Error::stale("order", "o-1"),
            Code::Aborted,
            "STALE",
            "order o-1 was changed by somebody else; read it again and repeat with its new etag",
        ),
        (
            Error::Conflict {
                detail: "rows".to_owned(),
            },
            Code::Aborted,
            "CONFLICT",
            "another transaction changed the same rows; repeat the request",
        ),
        (
            Error::Unauthenticated,
            Code::Unauthenticated,
            "UNAUTHENTICATED",
            "the caller is not known; send credentials",
        ),
        (
            Error::denied("planners may not release"),
            Code::PermissionDenied,
            "DENIED",
            "planners may not release",
        ),
        (
            Error::busy("calls in flight", soon),
            Code::ResourceExhausted,
            "BUSY",
            "too many calls in flight; repeat after 250 ms",
        ),
        (
            Error::late("the plan"),
            Code::DeadlineExceeded,
            "LATE",
            "the plan did not finish in time",
        ),
        (
            Error::down("production", "connection refused"),
            Code::Unavailable,
            "DOWN",
            "production is not reachable",
        ),
    ];
    for (error, code, reason, message) in table {
        let status = Status::from(error);
        assert_eq!(status.code(), code, "{message}");
        assert_eq!(status.message(), message);
        assert_eq!(reason_of(&status).as_deref(), Some(reason));
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.domain, DOMAIN);
    }
}

#[test]
fn details_say_what_programs_want_to_know() {
    let mut violations = Violations::new();
    violations.push("a", "is missing");
    violations.push("b", "is odd");
    let status = Status::from(Error::from(violations));
    assert_eq!(status.message(), "a: is missing (and 1 more)");
    let found = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[1].field.as_str(), found[1].description.as_str()),
        ("b", "is odd")
    );

    let resource = Status::from(Error::missing("order", "o-1"))
        .get_details_resource_info()
        .unwrap();
    assert_eq!(
        (
            resource.resource_type.as_str(),
            resource.resource_name.as_str()
        ),
        ("order", "o-1")
    );

    let wait = Duration::from_millis(250);
    let busy = Status::from(Error::busy("calls", wait));
    assert_eq!(
        busy.get_details_retry_info().unwrap().retry_delay,
        Some(wait)
    );

    let refused = Status::from(Error::refused("HOLD_EXPIRED", "it is over").with("hold_id", "h-1"));
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(
        info.metadata.get("hold_id").map(String::as_str),
        Some("h-1")
    );
    assert!(refused.get_details_retry_info().is_none());
}

#[test]
fn an_uncertain_outcome_asks_for_a_repetition() {
    let certain = Error::down("database", "gone");
    assert_eq!(certain.outcome(), Outcome::Certain);
    for error in [
        certain.maybe(),
        Error::late("it").maybe(),
        Error::broken("it").maybe(),
    ] {
        let status = Status::from(error);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(
            info.metadata.get("outcome").map(String::as_str),
            Some("maybe")
        );
        assert!(status.get_details_retry_info().is_some());
        assert!(
            status
                .message()
                .contains("repeat it with the same request_id")
        );
    }
    // A refusal is certain by nature.
    assert_eq!(
        Error::refused("X", "no").maybe().outcome(),
        Outcome::Certain
    );
}

#[test]
fn a_fault_shows_its_trace_id_and_nothing_else() {
    let status = Status::from(Error::broken("password=hunter2 at /var/lib/takt"));
    assert_eq!(status.code(), Code::Internal);
    let details = format!("{status:?}");
    assert!(!details.contains("hunter2"), "{details}");
    let info = status.get_details_error_info().unwrap();
    let trace_id = info.metadata.get("trace_id").unwrap();
    assert_eq!(trace_id.len(), 32);
    assert_eq!(
        status.message(),
        format!("internal error; quote trace {trace_id}")
    );
}

#[test]
fn a_status_fits_into_the_trailers_of_any_client() {
    let many: Vec<FieldViolation> = (0..10_000)
        .map(|line| FieldViolation::new(format!("lines[{line}]"), "it is not a number; give one"))
        .collect();
    let status = Status::from(Error::from(many));
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        info.metadata.get("violations").map(String::as_str),
        Some("10000")
    );
    assert!(
        status
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len()
            > 20
    );
    assert!(status.details().len() < 6_000, "{}", status.details().len());
    let long = Status::from(Error::refused("X", "ü".repeat(5_000)));
    assert!(long.message().len() <= 1_000);
}

#[test]
fn a_refusal_of_a_domain_comes_out_by_itself() {
    #[derive(Debug, thiserror::Error)]
    #[error("order {0} is shipped; open a return instead")]
    struct AlreadyShipped(&'static str);
    impl Refusal for AlreadyShipped {
        fn reason(&self) -> &'static str {
            "ALREADY_SHIPPED"
        }
        fn metadata(&self) -> Vec<(&'static str, String)> {
            vec![("order_id", self.0.to_owned())]
        }
    }
    fn cancel() -> Result<(), Error> {
        Err(AlreadyShipped("o-1"))?
    }
    let status = Status::from(cancel().unwrap_err());
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(
        status.message(),
        "order o-1 is shipped; open a return instead"
    );
    assert_eq!(reason_of(&status).as_deref(), Some("ALREADY_SHIPPED"));
}

const SCHEMA: &str = "CREATE TABLE part (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, held INTEGER \
     CONSTRAINT st_2_held CHECK (held >= 0), lot INTEGER REFERENCES part (id))";

async fn database() -> DatabaseConnection {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    database.execute_unprepared(SCHEMA).await.unwrap();
    database
        .execute_unprepared("INSERT INTO part VALUES (1, 'hood', 0, NULL)")
        .await
        .unwrap();
    database
}

async fn failure(database: &DatabaseConnection, statement: &str) -> Error {
    Error::from(database.execute_unprepared(statement).await.unwrap_err())
}

#[tokio::test]
async fn sqlite_says_by_its_codes_what_went_wrong() {
    let database = database().await;
    for key in ["(1, 'door', 0, NULL)", "(2, 'hood', 0, NULL)"] {
        let error = failure(&database, &format!("INSERT INTO part VALUES {key}")).await;
        assert!(
            matches!(&error, Error::Exists { what, .. } if what == "part"),
            "{error:?}"
        );
    }
    let error = failure(&database, "INSERT INTO part VALUES (3, 'door', -1, NULL)").await;
    let status = Status::from(error);
    assert_eq!(reason_of(&status).as_deref(), Some("INVARIANT_VIOLATED"));
    assert_eq!(status.message(), "the invariant st_2_held forbids this");
    let error = failure(&database, "INSERT INTO part VALUES (4, 'seat', 0, 99)").await;
    assert_eq!(
        reason_of(&error.into()).as_deref(),
        Some("REFERENCE_MISSING")
    );
    for fault in ["INSERT INTO part VALUES (5, NULL, 0, NULL)", "SELEC 1"] {
        assert!(matches!(
            failure(&database, fault).await,
            Error::Broken { .. }
        ));
    }
    assert!(matches!(
        Error::from(DbErr::RecordNotFound("x".to_owned())),
        Error::Missing { .. }
    ));
}

#[tokio::test]
async fn a_locked_database_is_a_conflict_and_a_full_pool_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("a.sqlite"))
        .create_if_missing(true)
        .busy_timeout(Duration::from_millis(1));
    let pool = SqlitePoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_millis(20))
        .connect_with(options)
        .await
        .unwrap();
    let mut first = pool.acquire().await.unwrap();
    let mut second = pool.acquire().await.unwrap();
    sea_orm::sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut *first)
        .await
        .unwrap();
    let error = sea_orm::sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut *second)
        .await;
    let error = Error::from(error.unwrap_err());
    assert!(
        error.is_retryable() && error.outcome() == Outcome::Certain,
        "{error:?}"
    );

    let full = Error::from(pool.acquire().await.unwrap_err());
    assert!(matches!(full, Error::Busy { .. }), "{full:?}");
    drop((first, second));
    pool.close().await;
    let closed = Error::from(pool.acquire().await.unwrap_err());
    assert!(matches!(closed, Error::Down { .. }), "{closed:?}");
}

#[tokio::test]
async fn postgres_says_by_its_sqlstate_what_went_wrong() {
    // The codes are PostgreSQL's; what carries them here is a real error of the other database.
    let database = database().await;
    let carrier = database
        .execute_unprepared("INSERT INTO part VALUES (1, 'x', 0, NULL)")
        .await;
    let Err(DbErr::Exec(RuntimeErr::SqlxError(carrier))) = carrier else {
        unreachable!("a unique violation");
    };
    let carrier = carrier.as_database_error().unwrap();
    let code = |sqlstate| Status::from(from_sqlstate(sqlstate, carrier)).code();
    for retryable in ["40001", "40P01", "55P03"] {
        assert!(from_sqlstate(retryable, carrier).is_retryable());
        assert_eq!(code(retryable), Code::Aborted);
    }
    assert_eq!(code("23505"), Code::AlreadyExists);
    assert_eq!(code("23503"), Code::FailedPrecondition);
    assert_eq!(code("23514"), Code::FailedPrecondition);
    assert_eq!(code("57014"), Code::DeadlineExceeded);
    assert_eq!(code("57P01"), Code::Unavailable);
    assert_eq!(code("08006"), Code::Unavailable);
    assert_eq!(code("53300"), Code::ResourceExhausted);
    assert_eq!(code("42601"), Code::Internal);
}
