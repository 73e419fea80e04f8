//! From the path of a call to the service that answers it.
//!
//! It must not know layers. Invariant: a path is `/package.Service/Method`, and a service is found by its full name in
//! one look-up; whatever is not there answers UNIMPLEMENTED.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::{BoxFuture, Either};
use http::{Request, Response};
use tonic::{Status, body::Body, server::NamedService};
use tower::Service;

/// The gRPC services of one server, by name.
#[derive(Clone, Default)]
pub struct Routes {
    services: Arc<BTreeMap<&'static str, Arc<dyn Route>>>,
}

impl Routes {
    /// No services yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a generated server in; the same name twice means the later one.
    #[must_use]
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        Arc::make_mut(&mut self.services).insert(S::NAME, Arc::new(service));
        self
    }

    /// The same services behind a door: what the door refuses does not reach them.
    pub(crate) fn behind<D>(self, door: D) -> Self
    where
        D: Fn() -> BoxFuture<'static, Result<(), Status>> + Send + Sync + 'static,
    {
        let door: Door = Arc::new(door);
        let behind = |(name, route): (&&'static str, &Arc<dyn Route>)| {
            let route: Arc<dyn Route> = Arc::new(Behind {
                door: Arc::clone(&door),
                route: Arc::clone(route),
            });
            (*name, route)
        };
        Self {
            services: Arc::new(self.services.iter().map(behind).collect()),
        }
    }

    /// The full names of the services in order.
    pub fn names(&self) -> Vec<&'static str> {
        self.services.keys().copied().collect()
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.services.keys()).finish()
    }
}

/// A service whose type is forgotten.
trait Route: Send + Sync {
    fn answer(&self, request: Request<Body>) -> Answer;
}

/// Lets calls through or says why not.
type Door = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Status>> + Send + Sync>;

/// A service behind a door.
struct Behind {
    door: Door,
    route: Arc<dyn Route>,
}

impl Route for Behind {
    fn answer(&self, request: Request<Body>) -> Answer {
        let (allowed, route) = ((self.door)(), Arc::clone(&self.route));
        Box::pin(async move {
            match allowed.await {
                Ok(()) => route.answer(request).await,
                Err(status) => Ok(status.into_http()),
            }
        })
    }
}

type Answer = BoxFuture<'static, Result<Response<Body>, Infallible>>;

impl<S> Route for S
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    fn answer(&self, request: Request<Body>) -> Answer {
        // A generated server is always ready, and a clone of it is a clone of an Arc.
        Box::pin(self.clone().call(request))
    }
}

impl Service<Request<Body>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Answer, Ready<Result<Response<Body>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let name = path.strip_prefix('/').and_then(|rest| rest.split_once('/'));
        match name.and_then(|(service, _)| self.services.get(service)) {
            Some(route) => Either::Left(route.answer(request)),
            None => {
                let status = Status::unimplemented("this server has no such service");
                Either::Right(ready(Ok(status.into_http())))
            }
        }
    }
}
