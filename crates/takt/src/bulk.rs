//! Many things at once: cut into chunks that fit the contract, sent as one stream with a bounded window, and read
//! back as one list. It must not know what the chunks hold. Invariants: a chunk is at most 64 KiB and never empty;
//! the cut depends on the things alone, so that a chunk sent again is the same chunk; at most `WINDOW` chunks are
//! unanswered at any time.
use std::future::Future;
use std::time::{Duration, Instant};

use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

use crate::connection::{Peer, is_passing};
use crate::failure::{Failure, Outcome};

/// The most bytes of things in a chunk: the contract's 64 KiB less room for ids around them.
pub const MOST_BYTES: usize = (64 << 10) - 512;
/// The most things in a chunk, so that a transaction stays short.
pub const MOST_THINGS: usize = 500;
/// The most chunks under way without an answer.
pub const WINDOW: usize = 4;

/// Cuts things into chunks of at most `MOST_THINGS`, keeping their order.
pub fn cut<T: Message>(things: Vec<T>) -> Vec<Vec<T>> {
    cut_to(things, MOST_THINGS)
}

/// Cuts things into chunks by their bytes alone.
pub fn cut_by_bytes<T: Message>(things: Vec<T>) -> Vec<Vec<T>> {
    cut_to(things, usize::MAX)
}

fn cut_to<T: Message>(things: Vec<T>, most: usize) -> Vec<Vec<T>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    let mut bytes = 0;
    for thing in things {
        // A thing of a repeated field costs its own bytes, its length and a tag.
        let length = thing.encoded_len();
        let cost = length + prost::length_delimiter_len(length) + 1;
        if !chunk.is_empty() && (bytes + cost > MOST_BYTES || chunk.len() == most) {
            chunks.push(std::mem::take(&mut chunk));
            bytes = 0;
        }
        bytes += cost;
        chunk.push(thing);
    }
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
    chunks
}

/// Sends chunks over one stream and collects an answer for each, in order. When the stream breaks, what has no
/// answer is sent again with its own request ids, as long as the peer's patience lasts without progress.
pub async fn send<Q, A, F, O>(peer: &Peer, what: &str, chunks: &[Q], open: O) -> Outcome<Vec<A>>
where
    Q: Clone + Send + 'static,
    F: Future<Output = Result<Streaming<A>, Status>>,
    O: Fn(Channel, ReceiverStream<Q>) -> F,
{
    let mut answers = Vec::with_capacity(chunks.len());
    let mut since = Instant::now();
    while answers.len() < chunks.len() {
        let before = answers.len();
        let rest = chunks.get(before..).unwrap_or_default();
        let Err(status) = send_once(peer.channel.clone(), rest, &open, &mut answers).await else {
            continue;
        };
        if answers.len() > before {
            since = Instant::now();
        }
        if !is_passing(&status) || since.elapsed() > peer.patience() {
            return Err(Failure::of_status(peer.name, what, &status));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(answers)
}

async fn send_once<Q, A, F, O>(
    channel: Channel,
    chunks: &[Q],
    open: &O,
    answers: &mut Vec<A>,
) -> Result<(), Status>
where
    Q: Clone + Send + 'static,
    F: Future<Output = Result<Streaming<A>, Status>>,
    O: Fn(Channel, ReceiverStream<Q>) -> F,
{
    let (sender, receiver) = mpsc::channel(WINDOW);
    let mut waiting = chunks.iter();
    // The first window is in the stream before it is opened: a server may answer the call only with its first answer.
    for chunk in waiting.by_ref().take(WINDOW) {
        let _ = sender.try_send(chunk.clone());
    }
    let mut sender = (chunks.len() > WINDOW).then_some(sender);
    let mut stream = open(channel, ReceiverStream::new(receiver)).await?;
    let mut answered = 0;
    while let Some(answer) = stream.message().await? {
        answers.push(answer);
        answered += 1;
        match (waiting.next(), &sender) {
            // A closed stream shows in the next answer.
            (Some(chunk), Some(open)) => drop(open.send(chunk.clone()).await),
            _ => sender = None,
        }
    }
    if answered < chunks.len() {
        return Err(Status::unavailable(format!(
            "the stream ended after {answered} of {} answers",
            chunks.len()
        )));
    }
    Ok(())
}

/// Reads a whole stream into one list; `open` is asked again from the start when it breaks.
pub async fn read<P, T, F, O>(
    peer: &Peer,
    what: &str,
    open: O,
    unpack: fn(P) -> Vec<T>,
) -> Outcome<Vec<T>>
where
    F: Future<Output = Result<Streaming<P>, Status>>,
    O: Fn(Channel) -> F,
{
    peer.ask(what, |channel| {
        let stream = open(channel);
        async move {
            let mut stream = stream.await?;
            let mut all = Vec::new();
            while let Some(page) = stream.message().await? {
                all.extend(unpack(page));
            }
            Ok(all)
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use takt_contract::common::v1::Date;
    use takt_contract::delivery::v1::{IntakeOrdersRequest, NewOrder};

    fn order(size: usize) -> NewOrder {
        NewOrder {
            order_id: "x".repeat(size),
            locked_on: Some(Date {
                year: 2024,
                month: 4,
                day: 1,
            }),
            ..NewOrder::default()
        }
    }

    #[test]
    fn a_cut_keeps_to_the_number_and_the_bytes() {
        let chunks = cut(vec![order(8); 1201]);
        assert_eq!(
            chunks.iter().map(Vec::len).collect::<Vec<_>>(),
            [500, 500, 201]
        );
        assert!(cut(Vec::<NewOrder>::new()).is_empty());
    }

    proptest! {
        #[test]
        fn every_chunk_fits_and_nothing_is_lost(sizes in proptest::collection::vec(0usize..9000, 0..80)) {
            let chunks = cut(sizes.iter().map(|size| order(*size)).collect());
            let back: Vec<usize> = chunks.iter().flatten().map(|order| order.order_id.len()).collect();
            prop_assert_eq!(back, sizes);
            for orders in chunks {
                prop_assert!(!orders.is_empty());
                let message = IntakeOrdersRequest { request_id: "0".repeat(36), orders };
                prop_assert!(message.encoded_len() <= 64 << 10);
            }
        }
    }
}
