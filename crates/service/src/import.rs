//! Programmes come in by import session: staged in chunks, checked as a whole, visible when all services have them.
//!
//! It must not know any table of a service: `ImportSink` does. Invariants: IM-1 chunks are stored in their order and
//! once; nothing is visible before ACTIVE; the same import again does nothing.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use futures_util::{StreamExt, future::BoxFuture, stream, stream::BoxStream};
use takt_contract::common::v1::{
    self as pb, ImportState, programme_row::Row, programme_service_server::ProgrammeService,
};
use takt_kernel::Violations;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    Call, Error, Migration, Store,
    revise::{MasterRows, Revision, revise},
    store::Tx,
};

/// The table of sessions; there is one session at a time.
pub(crate) const MIGRATION: Migration = Migration {
    name: "c0005_import",
    up: &[
        "CREATE TABLE import_session (session {id}, import_id {text} NOT NULL, programme_id {text} NOT NULL, state {int} NOT NULL, \
           chunk_count {int} NOT NULL, stored_chunk_count {int} NOT NULL, version {int} NOT NULL)",
    ],
};

/// What a service does with the rows of a programme.
pub trait ImportSink: Send + Sync + 'static {
    /// Stores the rows of one chunk. Kinds that the service does not own are nothing to it.
    ///
    /// # Errors
    /// `Invalid` when a row cannot be; what the database said.
    fn stage<'t>(&'t self, tx: &'t Tx, rows: &'t [Row]) -> BoxFuture<'t, Result<(), Error>>;

    /// Checks the programme as a whole.
    ///
    /// # Errors
    /// `Refused` when something is missing or contradicts itself.
    fn prepare<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>>;

    /// Sorts rows by table, to compare them with what is there. The kinds that the service does not own are nothing to it.
    ///
    /// # Errors
    /// `Invalid` when a row cannot be.
    fn tables(&self, rows: &[Row]) -> Result<Vec<MasterRows>, Error>;

    /// Checks the programme as a whole after it was revised.
    ///
    /// # Errors
    /// `Refused` when something is missing, contradicts itself, or cannot be changed in this way.
    fn revised<'t>(
        &'t self,
        tx: &'t Tx,
        revision: &'t Revision,
    ) -> BoxFuture<'t, Result<(), Error>>;

    /// Removes what a session that was given up had stored. It is called only while nothing was active yet.
    ///
    /// # Errors
    /// What the database said.
    fn clear<'t>(&'t self, tx: &'t Tx) -> BoxFuture<'t, Result<(), Error>>;
}

/// Which programme is visible, as the service's parts see it.
#[derive(Clone, Default)]
pub struct ActiveProgramme(Arc<AtomicI64>);

impl ActiveProgramme {
    /// A number that changes with each activation; 0 while nothing is active.
    pub fn version(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, version: i64) {
        self.0.store(version, Ordering::Release);
    }

    /// Reads from the database which programme is visible.
    ///
    /// # Errors
    /// What the database said.
    pub async fn refresh(&self, store: &Store, call: &Call) -> Result<i64, Error> {
        let version = store
            .read(call, "import_version", |tx| {
                Box::pin(async move {
                    let sql = "SELECT version FROM import_session WHERE session = 1 AND state = $1";
                    tx.number(sql, vec![i64::from(i32::from(ImportState::Active)).into()])
                        .await
                })
            })
            .await?;
        self.set(version);
        Ok(version)
    }
}

/// The import of a service on the wire.
pub(crate) struct ImportRpc {
    pub(crate) store: Store,
    pub(crate) sink: Arc<dyn ImportSink>,
    pub(crate) active: ActiveProgramme,
}

/// The session as it stands in its row.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) import_id: String,
    pub(crate) programme_id: String,
    pub(crate) state: ImportState,
    pub(crate) chunk_count: i64,
    pub(crate) stored: i64,
}

impl Session {
    fn refuse_other(&self, import_id: &str) -> Result<(), Error> {
        if self.import_id == import_id {
            return Ok(());
        }
        Err(Error::refused(
            "OTHER_IMPORT",
            format!(
                "import {} is {}; begin import {import_id} first",
                self.import_id,
                self.state.as_str_name()
            ),
        ))
    }
}

impl Tx {
    pub(crate) async fn session_fetch(&self) -> Result<Option<Session>, Error> {
        let sql = "SELECT import_id, programme_id, state, chunk_count, stored_chunk_count FROM import_session WHERE session = 1";
        let Some(row) = self.one(sql, vec![]).await? else {
            return Ok(None);
        };
        let state: i64 = row.try_get_by_index(2)?;
        Ok(Some(Session {
            import_id: row.try_get_by_index(0)?,
            programme_id: row.try_get_by_index(1)?,
            state: i32::try_from(state)
                .ok()
                .and_then(|state| ImportState::try_from(state).ok())
                .unwrap_or_default(),
            chunk_count: row.try_get_by_index(3)?,
            stored: row.try_get_by_index(4)?,
        }))
    }

    async fn session_of(&self, import_id: &str) -> Result<Session, Error> {
        let session = self
            .session_fetch()
            .await?
            .ok_or_else(|| Error::missing("import", import_id))?;
        session.refuse_other(import_id)?;
        Ok(session)
    }

    async fn session_state(&self, state: ImportState) -> Result<(), Error> {
        let sql = "UPDATE import_session SET state = $1, version = version + 1 WHERE session = 1";
        self.exec(sql, vec![i64::from(i32::from(state)).into()])
            .await
            .map(|_| ())
    }
}

#[tonic::async_trait]
impl ProgrammeService for ImportRpc {
    type ReviseProgrammeStream = BoxStream<'static, Result<pb::ReviseProgrammeResponse, Status>>;

    async fn revise_programme(
        &self,
        request: Request<Streaming<pb::ReviseProgrammeRequest>>,
    ) -> Result<Response<Self::ReviseProgrammeStream>, Status> {
        let call = Call::of(&request);
        let mut stream = request.into_inner();
        let mut all = pb::ReviseProgrammeRequest::default();
        while let Some(part) = stream.message().await? {
            all.rows.extend(part.rows);
            (all.import_id, all.programme_id) = (part.import_id, part.programme_id);
            all.validate_only = part.validate_only;
        }
        let (all, sink) = (Arc::new(all), Arc::clone(&self.sink));
        let revision = self
            .store
            .write(&call, "import_revise", move |tx| {
                let (all, sink) = (Arc::clone(&all), Arc::clone(&sink));
                Box::pin(async move { revised(tx, &all, sink.as_ref()).await })
            })
            .await?;
        self.active.refresh(&self.store, &call).await?;
        let mut answers = vec![pb::ReviseProgrammeResponse {
            tables: revision.tables,
            differences: Vec::new(),
        }];
        let told = revision.differences.chunks(TOLD).map(<[_]>::to_vec);
        answers.extend(told.map(|differences| pb::ReviseProgrammeResponse {
            tables: Vec::new(),
            differences,
        }));
        Ok(Response::new(
            stream::iter(answers.into_iter().map(Ok)).boxed(),
        ))
    }

    async fn begin_import(
        &self,
        request: Request<pb::BeginImportRequest>,
    ) -> Result<Response<pb::BeginImportResponse>, Status> {
        let call = Call::of(&request);
        let message = Arc::new(request.into_inner());
        let mut violations = Violations::new();
        violations.require(
            !message.import_id.is_empty(),
            "import_id",
            "it is missing; give the hash of the programme folder",
        );
        violations.require(
            !message.programme_id.is_empty(),
            "programme_id",
            "it is missing",
        );
        violations.require(message.chunk_count > 0, "chunk_count", "it counts from 1");
        violations.finish().map_err(Error::from)?;
        let sink = Arc::clone(&self.sink);
        let answer = self
            .store
            .write(&call, "import_begin", move |tx| {
                let (message, sink) = (Arc::clone(&message), Arc::clone(&sink));
                Box::pin(async move { begin(tx, &message, sink.as_ref()).await })
            })
            .await?;
        Ok(Response::new(answer))
    }

    async fn upload_chunks(
        &self,
        request: Request<Streaming<pb::UploadChunksRequest>>,
    ) -> Result<Response<pb::UploadChunksResponse>, Status> {
        let call = Call::of(&request);
        let mut stream = request.into_inner();
        let mut answer = pb::UploadChunksResponse::default();
        while let Some(chunk) = stream.message().await? {
            let (chunk, sink) = (Arc::new(chunk), Arc::clone(&self.sink));
            let (stored, rows) = self
                .store
                .write(&call, "import_chunk", move |tx| {
                    let (chunk, sink) = (Arc::clone(&chunk), Arc::clone(&sink));
                    Box::pin(async move { store_chunk(tx, &chunk, sink.as_ref()).await })
                })
                .await?;
            answer.stored_chunk_count = i32::try_from(stored).unwrap_or(i32::MAX);
            answer.stored_row_count += rows;
        }
        Ok(Response::new(answer))
    }

    async fn prepare_import(
        &self,
        request: Request<pb::PrepareImportRequest>,
    ) -> Result<Response<pb::PrepareImportResponse>, Status> {
        let call = Call::of(&request);
        let (import_id, sink) = (
            Arc::<str>::from(request.into_inner().import_id),
            Arc::clone(&self.sink),
        );
        let state = self
            .store
            .write(&call, "import_prepare", move |tx| {
                let (import_id, sink) = (Arc::clone(&import_id), Arc::clone(&sink));
                Box::pin(async move {
                    let session = tx.session_of(&import_id).await?;
                    if session.state != ImportState::Staging {
                        return Ok(session.state);
                    }
                    if session.stored < session.chunk_count {
                        let message = format!(
                            "import {import_id} has {} of {} chunks; upload the rest",
                            session.stored, session.chunk_count
                        );
                        return Err(Error::refused("IMPORT_INCOMPLETE", message));
                    }
                    sink.prepare(tx).await?;
                    tx.session_state(ImportState::Prepared).await?;
                    Ok(ImportState::Prepared)
                })
            })
            .await?;
        Ok(Response::new(pb::PrepareImportResponse {
            state: state.into(),
        }))
    }

    async fn activate_import(
        &self,
        request: Request<pb::ActivateImportRequest>,
    ) -> Result<Response<pb::ActivateImportResponse>, Status> {
        let call = Call::of(&request);
        let import_id = Arc::<str>::from(request.into_inner().import_id);
        let state = self
            .store
            .write(&call, "import_activate", move |tx| {
                let import_id = Arc::clone(&import_id);
                Box::pin(async move {
                    let session = tx.session_of(&import_id).await?;
                    match session.state {
                        ImportState::Active => {}
                        ImportState::Prepared => tx.session_state(ImportState::Active).await?,
                        _ => {
                            return Err(Error::refused(
                                "IMPORT_NOT_PREPARED",
                                format!(
                                    "import {import_id} is not prepared; call PrepareImport first"
                                ),
                            ));
                        }
                    }
                    Ok(ImportState::Active)
                })
            })
            .await?;
        self.active.refresh(&self.store, &call).await?;
        Ok(Response::new(pb::ActivateImportResponse {
            state: state.into(),
        }))
    }

    async fn get_import(
        &self,
        request: Request<pb::GetImportRequest>,
    ) -> Result<Response<pb::GetImportResponse>, Status> {
        let call = Call::of(&request);
        let session = self
            .store
            .read(&call, "import_get", |tx| Box::pin(tx.session_fetch()))
            .await?;
        let answer = session.map_or_else(pb::GetImportResponse::default, |session| {
            pb::GetImportResponse {
                import_id: session.import_id,
                programme_id: session.programme_id,
                state: session.state.into(),
                stored_chunk_count: i32::try_from(session.stored).unwrap_or(i32::MAX),
            }
        });
        Ok(Response::new(answer))
    }
}

/// The differences of one answer of a revision.
const TOLD: usize = 50;

/// Takes rows over into the active programme, or only tells what would become of them.
async fn revised(
    tx: &Tx,
    all: &pb::ReviseProgrammeRequest,
    sink: &dyn ImportSink,
) -> Result<Revision, Error> {
    let session = tx.session_fetch().await?;
    let Some(session) = session.filter(|session| session.state == ImportState::Active) else {
        return Err(Error::refused(
            "NO_PROGRAMME",
            "no programme is active yet; run `takt import DIR` first",
        ));
    };
    if session.programme_id != all.programme_id {
        let message = format!(
            "programme {} is active here and {} is given; give the folder of the active one",
            session.programme_id, all.programme_id
        );
        return Err(Error::refused("OTHER_PROGRAMME", message));
    }
    let tables = sink.tables(&known_rows(&all.rows)?)?;
    // What is only told is tried out as a whole and taken back, so that it is refused exactly where it would be.
    if all.validate_only {
        tx.exec("SAVEPOINT revision", vec![]).await?;
    }
    let revision = revise(tx, &tables).await?;
    if !revision.differences.is_empty() {
        sink.revised(tx, &revision).await?;
        let sql = "UPDATE import_session SET version = version + 1 WHERE session = 1";
        tx.exec(sql, vec![]).await?;
    }
    if all.validate_only {
        tx.exec("ROLLBACK TO SAVEPOINT revision", vec![]).await?;
        tx.exec("RELEASE SAVEPOINT revision", vec![]).await?;
    }
    Ok(revision)
}

/// Rows whose kind is known here.
fn known_rows(rows: &[pb::ProgrammeRow]) -> Result<Vec<Row>, Error> {
    let known = rows.iter().enumerate().map(|(place, row)| {
        let unknown = || Error::invalid(format!("rows[{place}]"), "its kind is not known here");
        row.row.clone().ok_or_else(unknown)
    });
    known.collect()
}

async fn begin(
    tx: &Tx,
    message: &pb::BeginImportRequest,
    sink: &dyn ImportSink,
) -> Result<pb::BeginImportResponse, Error> {
    match tx.session_fetch().await? {
        Some(session)
            if session.import_id == message.import_id
                && session.chunk_count == i64::from(message.chunk_count) =>
        {
            let stored_chunk_count = i32::try_from(session.stored).unwrap_or(i32::MAX);
            return Ok(pb::BeginImportResponse {
                state: session.state.into(),
                stored_chunk_count,
            });
        }
        Some(session) if session.state == ImportState::Active => {
            let message = format!(
                "programme {} is active here by import {}; change it with `takt import DIR --delta`, or use empty databases for another one",
                session.programme_id, session.import_id
            );
            return Err(Error::refused("PROGRAMME_ACTIVE", message));
        }
        Some(_) => sink.clear(tx).await?,
        None => {}
    }
    let sql = "INSERT INTO import_session (session, import_id, programme_id, state, chunk_count, stored_chunk_count, version) VALUES (1, $1, $2, $3, $4, 0, 1) \
               ON CONFLICT (session) DO UPDATE SET import_id = excluded.import_id, programme_id = excluded.programme_id, state = excluded.state, \
               chunk_count = excluded.chunk_count, stored_chunk_count = 0, version = import_session.version + 1";
    let values = vec![
        message.import_id.clone().into(),
        message.programme_id.clone().into(),
        i64::from(i32::from(ImportState::Staging)).into(),
        i64::from(message.chunk_count).into(),
    ];
    tx.exec(sql, values).await?;
    Ok(pb::BeginImportResponse {
        state: ImportState::Staging.into(),
        stored_chunk_count: 0,
    })
}

/// Stores the next chunk; one that is stored already is skipped. Answers with the chunks and rows stored.
async fn store_chunk(
    tx: &Tx,
    chunk: &pb::UploadChunksRequest,
    sink: &dyn ImportSink,
) -> Result<(i64, i64), Error> {
    let session = tx.session_of(&chunk.import_id).await?;
    let index = i64::from(chunk.chunk_index);
    if index < session.stored {
        return Ok((session.stored, 0));
    }
    if session.state != ImportState::Staging {
        return Err(Error::refused(
            "IMPORT_CLOSED",
            format!("import {} takes no more chunks", session.import_id),
        ));
    }
    if index > session.stored || index >= session.chunk_count {
        return Err(Error::invalid(
            "chunk_index",
            format!("{index} is not the next one; send chunk {}", session.stored),
        ));
    }
    let rows = known_rows(&chunk.rows)?;
    sink.stage(tx, &rows).await?;
    tx.exec(
        "UPDATE import_session SET stored_chunk_count = stored_chunk_count + 1 WHERE session = 1",
        vec![],
    )
    .await?;
    Ok((
        session.stored + 1,
        i64::try_from(rows.len()).unwrap_or(i64::MAX),
    ))
}
