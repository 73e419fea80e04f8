//! Writes what running services hold as the files that an opening is read from. It must not know what the rows mean. Invariant: services
//! that hold the same give the same files, byte by byte.
use std::path::{Path, PathBuf};

use serde::Serialize;
use takt_contract::common::v1::StreamStandingRequest;
use takt_contract::procurement::v1::opening_service_client::OpeningServiceClient;
use takt_contract::procurement::v1::{StreamOpeningRequest, StreamOpeningResponse};

use super::{CONTROL, ORDERS, STOCK, of_file, sheet, standing, stock, told};
use crate::connection::{Peers, read};
use crate::failure::Outcome;

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Exported {
    /// The directory.
    pub directory: PathBuf,
    /// The files.
    pub files: Vec<Written>,
    /// What stands in the books and in no file.
    pub left: Vec<Left>,
}

/// A file.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// Its name.
    pub file: String,
    /// Its rows.
    pub rows: usize,
}

/// Rows that no file has.
#[derive(Debug, Clone, Serialize)]
pub struct Left {
    /// The service.
    pub service: &'static str,
    /// Where they stand.
    pub table: String,
    /// How many there are.
    pub rows: i64,
}

/// Writes the books of three services into a directory.
pub async fn export(peers: &Peers, directory: &Path) -> Outcome<Exported> {
    std::fs::create_dir_all(directory).map_err(|error| of_file(directory, "", error))?;
    let mut done = Exported {
        directory: directory.to_owned(),
        files: Vec::new(),
        left: Vec::new(),
    };
    let parts = read!(
        &peers.procurement,
        "read stock and orders",
        OpeningServiceClient.stream_opening,
        StreamOpeningRequest {},
        |part| vec![part]
    )?;
    let mut all = StreamOpeningResponse::default();
    for part in parts {
        all.lots.extend(part.lots);
        all.orders.extend(part.orders);
        all.totals.extend(part.totals);
    }
    let mut write = |file: &str, columns: Vec<String>, rows: Vec<Vec<String>>| -> Outcome<()> {
        let rows = sheet::write(directory, file, &columns, rows.into_iter())?;
        let file = file.to_owned();
        done.files.push(Written { file, rows });
        Ok(())
    };
    let lots = all.lots.iter().map(stock::lot_row).collect();
    write(STOCK, stock::header(stock::STOCK), lots)?;
    let orders = all.orders.iter().map(stock::order_row).collect();
    write(ORDERS, stock::header(stock::ORDERS), orders)?;
    let totals = all.totals.iter().map(stock::total_row).collect();
    write(CONTROL, stock::header(stock::CONTROL), totals)?;
    let mut left = Vec::new();
    for peer in peers.all() {
        let message = StreamStandingRequest { sheets_only: false };
        let mut parts = told(peer, message).await?.into_iter();
        let first = parts.next().unwrap_or_default();
        let rows: Vec<_> = parts.flat_map(|part| part.rows).collect();
        for (file, kinds) in standing::by_file(&first.kinds) {
            let header = standing::header(&kinds);
            let mine = rows.iter().filter_map(|row| {
                let kind = kinds.iter().find(|kind| kind.kind == row.kind)?;
                Some(standing::row(&header, kind, row))
            });
            let mine = mine.collect();
            write(file, header.clone(), mine)?;
        }
        left.extend(first.left.into_iter().map(|left| Left {
            service: peer.name,
            table: left.table,
            rows: left.row_count,
        }));
    }
    done.left = left;
    Ok(done)
}
