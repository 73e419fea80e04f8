//! What stands in the books of a service, as sheets of rows: told, and booked into empty books elsewhere.
//!
//! It must not know any table of a service: the service lists them. Invariants: rows are booked whole and once, in one transaction,
//! and only where every rule of the service holds afterwards; a table that no sheet carries is named with its rows.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, stream, stream::BoxStream};
use sea_orm::Value;
use takt_contract::{
    common::v1::{
        self as pb, StandingForm, standing_cell::Cell, standing_service_server::StandingService,
    },
    date_req, request_id,
};
use takt_kernel::Violations;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    ActiveProgramme, Call, Error, Invariant, Migration, Store, Table,
    store::{Row, Tx},
};

/// What was booked; there is one opening.
pub(crate) const MIGRATION: Migration = Migration {
    name: "c0006_standing",
    up: &[
        "CREATE TABLE standing (standing_no {id}, request_id {text} NOT NULL, as_of {int} NOT NULL, rows_booked {int} NOT NULL)",
    ],
};

/// How a column of a sheet is kept and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A whole number.
    Number,
    /// A day since 1970-01-01.
    Day,
    /// Text.
    Text,
    /// Bytes that hold 64-bit numbers, the lowest byte first.
    Numbers,
    /// Other bytes.
    Bytes,
}

/// A column of a sheet: its name, its form, and whether it may hold nothing.
pub type Column = (&'static str, Form, bool);

/// A table as a sheet carries it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// The file.
    pub file: &'static str,
    /// The table, which is also the kind of its rows.
    pub table: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// The columns by which its rows are told apart and put in order.
    pub key: &'static [&'static str],
    /// Whether the schema itself puts rows into it, which are then changed instead of added.
    pub seeded: bool,
}

/// The rows of one answer.
const TOLD: usize = 100;

/// The sheets of a service on the wire.
pub(crate) struct StandingRpc {
    pub(crate) store: Store,
    pub(crate) sheets: &'static [Standing],
    pub(crate) tables: &'static [Table],
    /// The tables that an import of a programme fills, and those that other openings do.
    pub(crate) elsewhere: &'static [&'static str],
    pub(crate) invariants: Vec<Invariant>,
    pub(crate) active: ActiveProgramme,
}

#[tonic::async_trait]
impl StandingService for StandingRpc {
    type StreamStandingStream = BoxStream<'static, Result<pb::StreamStandingResponse, Status>>;

    async fn stream_standing(
        &self,
        request: Request<pb::StreamStandingRequest>,
    ) -> Result<Response<Self::StreamStandingStream>, Status> {
        let call = Call::of(&request);
        let sheets_only = request.into_inner().sheets_only;
        let mut first = pb::StreamStandingResponse {
            kinds: self.sheets.iter().map(kind_pb).collect(),
            ..Default::default()
        };
        let mut answers = Vec::new();
        if !sheets_only {
            let (sheets, tables, elsewhere) = (self.sheets, self.tables, self.elsewhere);
            let (rows, left) = self
                .store
                .read(&call, "standing_read", move |tx| {
                    Box::pin(async move {
                        let mut rows = Vec::new();
                        for sheet in sheets {
                            rows.extend(rows_fetch(tx, sheet).await?);
                        }
                        Ok((rows, left_fetch(tx, sheets, tables, elsewhere).await?))
                    })
                })
                .await?;
            first.left = left;
            answers.extend(rows.chunks(TOLD).map(|rows| pb::StreamStandingResponse {
                rows: rows.to_vec(),
                ..Default::default()
            }));
        }
        answers.insert(0, first);
        Ok(Response::new(
            stream::iter(answers.into_iter().map(Ok)).boxed(),
        ))
    }

    async fn book_standing(
        &self,
        request: Request<Streaming<pb::BookStandingRequest>>,
    ) -> Result<Response<pb::BookStandingResponse>, Status> {
        let call = Call::of(&request);
        let mut stream = request.into_inner();
        let mut all = pb::BookStandingRequest::default();
        while let Some(part) = stream.message().await? {
            all.rows.extend(part.rows);
            (all.request_id, all.as_of) = (part.request_id, part.as_of);
            all.validate_only = part.validate_only;
        }
        let mut violations = Violations::new();
        request_id(&all.request_id, "request_id", &mut violations);
        let as_of = date_req(all.as_of.as_ref(), "as_of", &mut violations);
        let rows = sorted(self.sheets, &all.rows, &mut violations);
        violations.finish().map_err(Error::from)?;
        let standing = Arc::new((rows, self.invariants.clone()));
        let (sheets, id, validate_only) = (self.sheets, all.request_id, all.validate_only);
        let answer = self
            .store
            .write(&call, "standing_book", move |tx| {
                let (standing, id) = (Arc::clone(&standing), id.clone());
                Box::pin(async move {
                    let (rows, invariants) = (&standing.0, &standing.1);
                    if let Some(answer) = booked_before(tx, &id).await? {
                        return Ok(answer);
                    }
                    // What is only checked is tried out as a whole and taken back.
                    tx.exec("SAVEPOINT standing", vec![]).await?;
                    let row_count = book(tx, sheets, rows).await?;
                    held(tx, invariants).await?;
                    if validate_only {
                        tx.exec("ROLLBACK TO SAVEPOINT standing", vec![]).await?;
                    } else {
                        let sql = "INSERT INTO standing (standing_no, request_id, as_of, rows_booked) VALUES (1, $1, $2, $3)";
                        let day = i64::from(as_of.epoch_day());
                        tx.exec(sql, vec![id.into(), day.into(), row_count.into()]).await?;
                        // Whoever keeps something in memory reads it anew.
                        tx.exec("UPDATE import_session SET version = version + 1 WHERE session = 1", vec![]).await?;
                    }
                    tx.exec("RELEASE SAVEPOINT standing", vec![]).await?;
                    Ok(pb::BookStandingResponse {
                        was_booked: false,
                        row_count,
                    })
                })
            })
            .await?;
        self.active.refresh(&self.store, &call).await?;
        Ok(Response::new(answer))
    }
}

fn kind_pb(sheet: &Standing) -> pb::StandingKind {
    let column = |(name, form, optional): &Column| pb::StandingColumn {
        name: (*name).to_owned(),
        form: match form {
            Form::Number => StandingForm::Number,
            Form::Day => StandingForm::Day,
            Form::Text => StandingForm::Text,
            Form::Numbers => StandingForm::Numbers,
            Form::Bytes => StandingForm::Bytes,
        }
        .into(),
        optional: *optional,
    };
    pb::StandingKind {
        file: sheet.file.to_owned(),
        kind: sheet.table.to_owned(),
        columns: sheet.columns.iter().map(column).collect(),
    }
}

/// The rows by table, each a value a column.
type Rows = BTreeMap<&'static str, Vec<Vec<Value>>>;

fn sorted(sheets: &[Standing], rows: &[pb::StandingRow], violations: &mut Violations) -> Rows {
    let mut sorted = Rows::new();
    for (place, row) in rows.iter().enumerate() {
        violations.scope(format!("rows[{place}]"), |violations| {
            let Some(sheet) = sheets.iter().find(|sheet| sheet.table == row.kind) else {
                violations.push("kind", format!("{:?} is not a kind of row here", row.kind));
                return;
            };
            let (has, want) = (row.cells.len(), sheet.columns.len());
            let complete = has == want;
            violations.require(
                complete,
                "cells",
                format!("there are {has} and the kind has {want}"),
            );
            let cells = sheet.columns.iter().zip(&row.cells);
            let values = cells.filter_map(|(column, cell)| value_of(column, cell, violations));
            sorted
                .entry(sheet.table)
                .or_default()
                .push(values.collect());
        });
    }
    sorted
}

fn value_of(
    (name, form, optional): &Column,
    cell: &pb::StandingCell,
    violations: &mut Violations,
) -> Option<Value> {
    let value = match (form, &cell.cell) {
        (Form::Number | Form::Day, Some(Cell::Number(number))) => (*number).into(),
        (Form::Text, Some(Cell::Text(text))) => text.clone().into(),
        (Form::Numbers, Some(Cell::Bytes(bytes))) if bytes.len() % 8 == 0 => bytes.clone().into(),
        (Form::Bytes, Some(Cell::Bytes(bytes))) => bytes.clone().into(),
        (Form::Number | Form::Day, None) if *optional => Option::<i64>::None.into(),
        (Form::Text, None) if *optional => Option::<String>::None.into(),
        (Form::Numbers | Form::Bytes, None) if *optional => Option::<Vec<u8>>::None.into(),
        (_, None) => {
            violations.push(name, "it is missing");
            return None;
        }
        _ => {
            violations.push(name, "it is of another form");
            return None;
        }
    };
    Some(value)
}

async fn booked_before(tx: &Tx, id: &str) -> Result<Option<pb::BookStandingResponse>, Error> {
    let Some(row) = tx
        .one("SELECT request_id, rows_booked FROM standing", vec![])
        .await?
    else {
        return Ok(None);
    };
    if row.try_get_by_index::<String>(0)? == id {
        return Ok(Some(pb::BookStandingResponse {
            was_booked: true,
            row_count: row.try_get_by_index(1)?,
        }));
    }
    let message = "the books were opened with other files already; an opening is booked once";
    Err(Error::refused("OPENING_BOOKED", message))
}

/// Writes rows into tables that are empty.
async fn book(tx: &Tx, sheets: &[Standing], rows: &Rows) -> Result<i64, Error> {
    let session = tx.session_fetch().await?;
    if session.is_none_or(|session| session.state != pb::ImportState::Active) {
        let message = "no programme is active yet; run `takt import DIR` first";
        return Err(Error::refused("NO_PROGRAMME", message));
    }
    let mut count = 0;
    for sheet in sheets {
        let table = sheet.table;
        let sql = format!("SELECT COUNT(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS t");
        if !sheet.seeded && tx.number(&sql, vec![]).await? > 0 {
            let message = format!(
                "the books are not empty: there are rows in {table}; book an opening into empty services"
            );
            return Err(Error::refused("BOOKS_IN_USE", message));
        }
        let Some(rows) = rows.get(table) else {
            continue;
        };
        let columns: Vec<&str> = sheet.columns.iter().map(|(name, ..)| *name).collect();
        let set: Vec<String> = (columns.iter())
            .filter(|column| !sheet.key.contains(column))
            .map(|column| format!("{column} = excluded.{column}"))
            .collect();
        let suffix = if sheet.seeded {
            format!(
                "ON CONFLICT ({}) DO UPDATE SET {}",
                sheet.key.join(", "),
                set.join(", ")
            )
        } else {
            String::new()
        };
        let written = tx.insert_many(table, &columns, rows.clone(), &suffix).await;
        written.map_err(|error| match error {
            Error::Exists { .. } => Error::invalid(table, "two rows have the same key"),
            other => other,
        })?;
        count += i64::try_from(rows.len()).unwrap_or(i64::MAX);
    }
    Ok(count)
}

/// Every rule of the service holds, or the first one that does not is named with an example.
async fn held(tx: &Tx, invariants: &[Invariant]) -> Result<(), Error> {
    for Invariant {
        id, rule, violated, ..
    } in invariants
    {
        if let Some(row) = tx.rows(violated, vec![]).await?.first() {
            let example: String = row.try_get_by_index(0)?;
            let message = format!("the opening breaks {id}, {rule}: {example}");
            return Err(Error::refused("OPENING_INVALID", message));
        }
    }
    Ok(())
}

async fn rows_fetch(tx: &Tx, sheet: &Standing) -> Result<Vec<pb::StandingRow>, Error> {
    let columns: Vec<&str> = sheet.columns.iter().map(|(name, ..)| *name).collect();
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        columns.join(", "),
        sheet.table,
        sheet.key.join(", ")
    );
    let rows = tx.rows(&sql, vec![]).await?;
    let read = |row: &Row| {
        let cells = sheet.columns.iter().enumerate();
        let cells = cells.map(|(at, (_, form, _))| cell_of(row, at, *form));
        Ok(pb::StandingRow {
            kind: sheet.table.to_owned(),
            cells: cells.collect::<Result<_, Error>>()?,
        })
    };
    rows.iter().map(read).collect()
}

fn cell_of(row: &Row, at: usize, form: Form) -> Result<pb::StandingCell, Error> {
    let cell = match form {
        Form::Number | Form::Day => row.try_get_by_index::<Option<i64>>(at)?.map(Cell::Number),
        Form::Text => row.try_get_by_index::<Option<String>>(at)?.map(Cell::Text),
        Form::Numbers | Form::Bytes => row
            .try_get_by_index::<Option<Vec<u8>>>(at)?
            .map(Cell::Bytes),
    };
    Ok(pb::StandingCell { cell })
}

/// The tables with rows that no sheet carries.
async fn left_fetch(
    tx: &Tx,
    sheets: &[Standing],
    tables: &[Table],
    elsewhere: &[&str],
) -> Result<Vec<pb::StandingLeft>, Error> {
    let mut left = Vec::new();
    for table in tables {
        let carried = sheets.iter().any(|sheet| sheet.table == table.name);
        if carried || elsewhere.contains(&table.name) {
            continue;
        }
        let sql = format!("SELECT COUNT(*) FROM {}", table.name);
        let row_count = tx.number(&sql, vec![]).await?;
        if row_count > 0 {
            left.push(pb::StandingLeft {
                table: table.name.to_owned(),
                row_count,
            });
        }
    }
    Ok(left)
}
