//! What is asked of production about a change.
//!
//! It must not know the database. Invariants: an order that production has not heard of yet is asked for again while there is time; a
//! refusal is an answer, and it stands.

use std::time::Duration;

use takt_contract::production::v1::{
    self as pb, order_book_service_client::OrderBookServiceClient,
};
use takt_kernel::stable_hash;
use takt_service::{Call, Error, client, peer::Retry};
use tonic::Code;

use crate::peers::Production;

/// How long to wait until production may have heard of an order.
const HEARING: Duration = Duration::from_millis(50);

impl Production {
    /// Gives an order another configuration in production's book.
    ///
    /// # Errors
    /// `Down` while production has not heard of the order; what production said.
    pub(crate) async fn revise_order(
        &self,
        call: &Call,
        message: pb::ReviseOrderRequest,
    ) -> Result<pb::ReviseOrderResponse, Error> {
        let retry = Retry::idempotent(stable_hash(message.request_id.as_bytes()));
        loop {
            let asked = retry.run(call, |_| {
                let mut client = client!(OrderBookServiceClient, self.peer);
                let request = self.peer.request(call, message.clone());
                async move { client.revise_order(request).await }
            });
            match asked.await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) if status.code() == Code::NotFound => {
                    // The fact that locked it is still on its way.
                    if call.remaining() < 4 * HEARING {
                        let detail = "it has not heard of the order yet";
                        return Err(Error::down("production", detail).maybe());
                    }
                    tokio::time::sleep(HEARING).await;
                }
                Err(status) => return Err(self.error(&status)),
            }
        }
    }
}
