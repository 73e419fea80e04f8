//! Brings a programme into the three services by import session. It must not know how a service keeps its rows.
//! Invariants: nothing is sent before the whole folder is right; a session that was broken off is taken up at its
//! last chunk; the programme becomes visible only when all three have prepared it; the same import again does
//! nothing.
pub mod delta;
mod network;
mod rows;
mod sequence;

pub use rows::is_line;

use serde::Serialize;
use takt_contract::common::v1::programme_row::Row;
use takt_contract::common::v1::programme_service_client::ProgrammeServiceClient;
use takt_contract::common::v1::{
    ActivateImportRequest, BeginImportRequest, ImportState, PrepareImportRequest, ProgrammeRow,
    UploadChunksRequest,
};
use tokio_stream::StreamExt;

use crate::connection::{Peer, Peers, WHOLE, ask, within};
use crate::failure::{Failure, Outcome};
use crate::programme::Programme;

/// What an import did.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// The session: the hash of the folder and of the options that change its rows.
    pub import_id: String,
    /// The programme.
    pub programme_id: String,
    /// What was sent to each service.
    pub services: Vec<ImportedInto>,
}

/// What was sent to a service.
#[derive(Debug, Clone, Serialize)]
pub struct ImportedInto {
    /// The service.
    pub service: &'static str,
    /// The rows that it owns.
    pub rows: usize,
    /// The chunks that were sent now; 0 where it had them all.
    pub sent_chunks: usize,
    /// Whether the programme had been active there before.
    pub was_active: bool,
}

/// Whether a service owns rows of a kind; the places are those of `SERVICES`.
fn owns(service: usize, row: &Row) -> bool {
    match row {
        Row::Header(_) => true,
        Row::Item(_) => service <= 1,
        Row::Supplier(_) | Row::Link(_) | Row::Node(_) => service == 0,
        // Production calls off in sequence from suppliers that are near.
        Row::Agreement(_) => service <= 1,
        Row::Lane(lane) if lane.outbound => service == 2,
        Row::Lane(_) => service <= 1,
        Row::Variant(_) | Row::OptionValue(_) | Row::Milestone(_) => service >= 1,
        Row::BomLine(_)
        | Row::Operation(_)
        | Row::CalendarDay(_)
        | Row::Economics(_)
        | Row::SequenceRule(_) => service == 1,
    }
}

/// Imports a programme at the size of the run; `full` is the same programme at its own size.
pub async fn import(
    peers: &Peers,
    full: &Programme,
    programme: &Programme,
    import_id: &str,
) -> Outcome<Imported> {
    let rows = rows::rows(full, programme);
    let part = |service: usize| -> (usize, Vec<Vec<ProgrammeRow>>) {
        let mine: Vec<Row> = rows
            .iter()
            .filter(|row| owns(service, row))
            .cloned()
            .collect();
        (mine.len(), rows::chunks(mine))
    };
    let programme_id = programme.id.as_str();
    let [procurement, production, delivery] = peers.all();
    let (a, b, c) = tokio::try_join!(
        prepare(procurement, import_id, programme_id, part(0)),
        prepare(production, import_id, programme_id, part(1)),
        prepare(delivery, import_id, programme_id, part(2)),
    )?;
    // From here on the session is whole everywhere; activating is repeatable, so a break between two is mended by
    // the same import again.
    for (peer, into) in peers.all().into_iter().zip([&a, &b, &c]) {
        if !into.was_active {
            let message = ActivateImportRequest {
                import_id: import_id.to_owned(),
            };
            let answer = ask!(
                peer,
                "activate the import",
                ProgrammeServiceClient.activate_import,
                message,
                WHOLE
            )?;
            expect(peer, answer.state, ImportState::Active)?;
        }
    }
    Ok(Imported {
        import_id: import_id.to_owned(),
        programme_id: programme_id.to_owned(),
        services: vec![a, b, c],
    })
}

async fn prepare(
    peer: &Peer,
    import_id: &str,
    programme_id: &str,
    (rows, chunks): (usize, Vec<Vec<ProgrammeRow>>),
) -> Outcome<ImportedInto> {
    let begin = BeginImportRequest {
        import_id: import_id.to_owned(),
        programme_id: programme_id.to_owned(),
        chunk_count: i32::try_from(chunks.len()).unwrap_or(i32::MAX),
    };
    let begun = ask!(
        peer,
        "begin the import",
        ProgrammeServiceClient.begin_import,
        begin
    )?;
    let mut into = ImportedInto {
        service: peer.name,
        rows,
        sent_chunks: 0,
        was_active: begun.state() == ImportState::Active,
    };
    if begun.state() == ImportState::Staging {
        let stored = usize::try_from(begun.stored_chunk_count).unwrap_or(0);
        into.sent_chunks = upload(peer, import_id, &chunks, stored).await?;
        let message = PrepareImportRequest {
            import_id: import_id.to_owned(),
        };
        let answer = ask!(
            peer,
            "prepare the import",
            ProgrammeServiceClient.prepare_import,
            message,
            WHOLE
        )?;
        expect(peer, answer.state, ImportState::Prepared)?;
    }
    Ok(into)
}

/// Sends the chunks from `stored` on; the service skips those that it has, so a broken stream is sent again whole.
async fn upload(
    peer: &Peer,
    import_id: &str,
    chunks: &[Vec<ProgrammeRow>],
    stored: usize,
) -> Outcome<usize> {
    let messages: Vec<UploadChunksRequest> = chunks
        .iter()
        .enumerate()
        .skip(stored)
        .map(|(place, rows)| UploadChunksRequest {
            import_id: import_id.to_owned(),
            chunk_index: i32::try_from(place).unwrap_or(i32::MAX),
            rows: rows.clone(),
        })
        .collect();
    if messages.is_empty() {
        return Ok(0);
    }
    let sent = messages.len();
    let answer = peer
        .ask("upload the programme", |channel| {
            let stream = tokio_stream::iter(messages.clone()).map(|message| message);
            async move {
                let answer = ProgrammeServiceClient::new(channel)
                    .upload_chunks(within(stream, WHOLE))
                    .await?;
                Ok(answer.into_inner())
            }
        })
        .await?;
    if usize::try_from(answer.stored_chunk_count).ok() != Some(chunks.len()) {
        return Err(Failure::broken(format!(
            "{}: {} of {} chunks are stored after all were sent",
            peer.name,
            answer.stored_chunk_count,
            chunks.len()
        )));
    }
    Ok(sent)
}

fn expect(peer: &Peer, state: i32, wanted: ImportState) -> Outcome<()> {
    let state = ImportState::try_from(state).unwrap_or_default();
    // The session may be further than was asked for, after a break.
    if state == wanted || state == ImportState::Active {
        return Ok(());
    }
    Err(Failure::broken(format!(
        "{}: the import is {} instead of {}",
        peer.name,
        state.as_str_name(),
        wanted.as_str_name()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{Folder, parse};
    use prost::Message;

    fn su7() -> Result<Programme, String> {
        let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
        parse(&folder).map_err(|problems| problems.to_string())
    }

    #[test]
    fn every_row_has_an_owner_and_chunks_fit() -> Result<(), String> {
        let su7 = su7()?;
        let rows = rows::rows(&su7, &su7);
        assert!(rows.len() > 2500, "{}", rows.len());
        assert!(
            rows.iter()
                .all(|row| (0..3).any(|service| owns(service, row)))
        );
        for service in 0..3 {
            let mine: Vec<Row> = rows
                .iter()
                .filter(|row| owns(service, row))
                .cloned()
                .collect();
            for (place, rows) in rows::chunks(mine).into_iter().enumerate() {
                let message = UploadChunksRequest {
                    import_id: "0".repeat(64),
                    chunk_index: i32::try_from(place).unwrap_or(0),
                    rows,
                };
                assert!(message.encoded_len() <= 64 << 10);
            }
        }
        Ok(())
    }

    #[test]
    fn the_rows_are_those_of_the_programme() -> Result<(), String> {
        let su7 = su7()?;
        let rows = rows::rows(&su7, &su7);
        let count = |test: fn(&Row) -> bool| rows.iter().filter(|row| test(row)).count();
        assert_eq!(count(|row| matches!(row, Row::Item(_))), 412);
        assert_eq!(count(|row| matches!(row, Row::BomLine(_))), 451);
        assert_eq!(count(|row| matches!(row, Row::Supplier(_))), 153);
        assert_eq!(count(|row| matches!(row, Row::Link(_))), 539);
        assert_eq!(count(|row| matches!(row, Row::Node(_))), 497);
        assert_eq!(count(|row| matches!(row, Row::Lane(_))), 152);
        assert_eq!(count(|row| matches!(row, Row::Operation(_))), 60);
        let header = rows.iter().find_map(|row| match row {
            Row::Header(header) => Some(header),
            _ => None,
        });
        let header = header.ok_or("there is no header")?;
        assert_eq!(
            (header.vehicle_count, header.takt_millis),
            (100_000, 76_000)
        );
        assert_eq!(header.priority_value, "FOUNDERS");
        assert_eq!(header.shops.iter().filter(|shop| shop.is_line).count(), 3);
        Ok(())
    }
}
