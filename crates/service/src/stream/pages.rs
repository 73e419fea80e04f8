//! Answers that come in several messages: pages are read one after another as the caller takes them.
//!
//! It must not know what is answered. Invariants: nothing is read before the caller has room for it; a message stays
//! below 64 KiB unless a single item is larger; an error is the last thing that the caller hears.

use std::future::Future;

use futures_util::{TryStreamExt, stream};
use prost::{Message, length_delimiter_len};
use tonic::Status;

use super::Answers;
use crate::Error;

/// The bytes of items in a message.
const BYTES: usize = 60 * 1024;

/// The items of all pages, cut into messages. `read` answers with the page behind a key and the key of the next one.
pub fn pages<K, I, T, F>(
    begin: K,
    mut read: impl FnMut(K) -> F + Send + 'static,
    message: impl Fn(Vec<I>) -> T + Clone + Send + 'static,
) -> Answers<T>
where
    K: Send + 'static,
    I: Message + 'static,
    T: Send + 'static,
    F: Future<Output = Result<(Vec<I>, Option<K>), Error>> + Send + 'static,
{
    let pages = stream::try_unfold(Some(begin), move |key| {
        let page = key.map(&mut read);
        let message = message.clone();
        async move {
            let Some(page) = page else {
                return Ok::<_, Status>(None);
            };
            let (items, next) = page.await?;
            let messages = cut(items).into_iter().map(message).map(Ok);
            Ok(Some((stream::iter(messages.collect::<Vec<_>>()), next)))
        }
    });
    Box::pin(pages.try_flatten())
}

fn cut<I: Message>(items: Vec<I>) -> Vec<Vec<I>> {
    let (mut messages, mut message, mut bytes) = (Vec::new(), Vec::new(), 0);
    for item in items {
        let length = item.encoded_len();
        let cost = length + length_delimiter_len(length) + 1;
        if bytes + cost > BYTES && !message.is_empty() {
            messages.push(std::mem::take(&mut message));
            bytes = 0;
        }
        bytes += cost;
        message.push(item);
    }
    if !message.is_empty() {
        messages.push(message);
    }
    messages
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    #[test]
    fn messages_stay_small_and_nothing_is_lost() {
        let items: Vec<String> = (0..2_000).map(|n| format!("{n:0>100}")).collect();
        let messages = cut(items.clone());
        assert!(messages.len() > 3);
        let size = |message: &Vec<String>| -> usize {
            message.iter().map(|item| item.encoded_len() + 2).sum()
        };
        assert!(messages.iter().all(|message| size(message) <= BYTES));
        assert_eq!(messages.concat(), items);
        assert_eq!(cut(vec!["x".repeat(BYTES * 2)]).len(), 1);
        assert!(cut::<String>(Vec::new()).is_empty());
    }

    #[tokio::test]
    async fn pages_follow_each_other_until_the_last_or_an_error() {
        let read = |key: i64| async move {
            match key {
                3 => Err(Error::late("the page")),
                _ => Ok((vec![format!("{key}")], Some(key + 1))),
            }
        };
        let told: Vec<_> = pages(1, read, |items: Vec<String>| items.concat())
            .collect()
            .await;
        let words: Vec<&String> = told.iter().filter_map(|item| item.as_ref().ok()).collect();
        assert_eq!(words, ["1", "2"]);
        assert!(told.len() == 3 && told[2].is_err());
        let last = |_: ()| async { Ok((vec!["x".to_owned()], None)) };
        assert_eq!(
            pages((), last, |items: Vec<String>| items.len())
                .count()
                .await,
            1
        );
    }
}
