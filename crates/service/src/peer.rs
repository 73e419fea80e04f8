//! A peer: the client side of a call to another service.
use crate::Call;

/// A service that is asked.
#[derive(Clone)]
pub struct Peer {
    channel: tonic::transport::Channel,
}

impl Peer {
    /// The channel for generated clients.
    pub fn channel(&self) -> tonic::transport::Channel {
        self.channel.clone()
    }

    /// A request that carries the call's deadline, trace and caller.
    pub fn request<T>(&self, call: &Call, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.set_timeout(call.remaining());
        request
    }
}
