//! What the parts of procurement share: the database, the catalogue, and requirements and supply as they were last read.
//!
//! It must not know any rpc. Invariants: the catalogue is read once an activation, the series of a plan once; only what
//! was committed is kept here, so forgetting it costs time and nothing else.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream, stream::BoxStream};
use takt_service::{Call, Error, Store};
use tonic::Status;

use crate::{
    programme::{Catalogue, store::catalogue_fetch},
    requirement::Needs,
    supply::Supply,
};

/// What the parts of procurement share.
pub(crate) struct Desk {
    /// The database.
    pub(crate) store: Store,
    programme_version: Box<dyn Fn() -> i64 + Send + Sync>,
    catalogue: Mutex<Option<(i64, Arc<Catalogue>)>>,
    needs: Mutex<Option<Arc<Needs>>>,
    supply: Mutex<Option<Arc<Supply>>>,
}

/// A stream of answers.
pub(crate) type Answers<T> = BoxStream<'static, Result<T, Status>>;

impl Desk {
    /// The desk of a service; `programme_version` changes when another programme becomes visible.
    pub(crate) fn new(
        store: Store,
        programme_version: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            programme_version: Box::new(programme_version),
            catalogue: Mutex::default(),
            needs: Mutex::default(),
            supply: Mutex::default(),
        }
    }

    /// The catalogue of the programme that is visible.
    pub(crate) async fn catalogue(&self, call: &Call) -> Result<Arc<Catalogue>, Error> {
        let version = (self.programme_version)();
        if let Some((of, catalogue)) = self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            && *of == version
        {
            return Ok(Arc::clone(catalogue));
        }
        let read = self
            .store
            .read(call, "catalogue_fetch", |tx| Box::pin(catalogue_fetch(tx)))
            .await?;
        let read = Arc::new(read);
        *self
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((version, Arc::clone(&read)));
        Ok(read)
    }

    /// The requirements as they were last read, if they are of this revision.
    pub(crate) fn needs(&self, revision: i64) -> Option<Arc<Needs>> {
        let kept = self.needs.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .filter(|needs| needs.revision == revision)
            .map(Arc::clone)
    }

    /// Supply as it was last read.
    pub(crate) fn supply(&self) -> Option<Arc<Supply>> {
        let kept = self.supply.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().map(Arc::clone)
    }

    /// Keeps supply for the next one who asks, unless a newer one is kept.
    pub(crate) fn supply_keep(&self, supply: &Arc<Supply>) {
        let mut kept = self.supply.lock().unwrap_or_else(PoisonError::into_inner);
        if kept
            .as_ref()
            .is_none_or(|kept| kept.version < supply.version)
        {
            *kept = Some(Arc::clone(supply));
        }
    }

    /// Keeps requirements for the next one who asks.
    pub(crate) fn needs_keep(&self, needs: &Arc<Needs>) {
        *self.needs.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(needs));
    }
}

/// A stream that is read page by page: each page answers with something and says where the next one begins, if there is
/// one. A page is read when the one before has been taken, so a slow reader costs no memory.
pub(crate) fn pages<K, T, P, F>(first: K, page: P) -> Answers<T>
where
    K: Send + 'static,
    T: Send + 'static,
    P: Fn(K) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(Option<T>, Option<K>), Error>> + Send + 'static,
{
    let page = Arc::new(page);
    stream::try_unfold(Some(first), move |at| {
        let page = Arc::clone(&page);
        async move {
            let Some(mut at) = at else {
                return Ok::<_, Status>(None);
            };
            loop {
                match page(at).await? {
                    (Some(answer), next) => return Ok(Some((answer, next))),
                    // A page may hold nothing that was asked for and yet not be the last one.
                    (None, Some(next)) => at = next,
                    (None, None) => return Ok(None),
                }
            }
        }
    })
    .boxed()
}

/// A stream of what is known already, in chunks that stay below 64 KiB.
pub(crate) fn chunks<T, M>(
    all: Vec<T>,
    size: usize,
    message: impl Fn(Vec<T>) -> M + Send + 'static,
) -> Answers<M>
where
    T: Send + 'static,
    M: Send + 'static,
{
    let mut left = all.into_iter();
    let chunks = std::iter::from_fn(move || {
        let chunk: Vec<T> = left.by_ref().take(size.max(1)).collect();
        (!chunk.is_empty()).then(|| Ok(message(chunk)))
    });
    stream::iter(chunks).boxed()
}
