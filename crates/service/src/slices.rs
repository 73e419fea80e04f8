//! Many callers, one transaction: what arrives within some milliseconds is written together and answered one by one.
//!
//! It must not know what is written. Invariants: the items of a caller stay together and in order; whoever waits leads
//! when nobody does, so no task of its own is needed; when a leader goes away its followers hand in again, so the work
//! must be idempotent; a mistake that breaks the whole slice is found by writing its callers one by one.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use crate::Error;

/// What a caller handed in.
struct Slip<I, O> {
    items: Vec<I>,
    arrived: Instant,
    answer: oneshot::Sender<Result<Vec<O>, Error>>,
}

/// Where callers meet.
pub struct Slices<I, O> {
    waiting: Mutex<VecDeque<Slip<I, O>>>,
    lead: tokio::sync::Mutex<()>,
    most: usize,
    wait: Duration,
}

impl<I: Clone, O> Slices<I, O> {
    /// A place that writes as soon as `most` items wait, or the oldest one has waited for `wait`.
    pub fn new(most: usize, wait: Duration) -> Self {
        Self {
            waiting: Mutex::default(),
            lead: tokio::sync::Mutex::default(),
            most,
            wait,
        }
    }

    /// Hands items in and waits for their answers, one an item and in order. `write` writes a slice.
    ///
    /// # Errors
    /// What `write` answered.
    pub async fn hand_in<F, W>(&self, items: Vec<I>, write: F) -> Result<Vec<O>, Error>
    where
        F: Fn(Vec<I>) -> W,
        W: Future<Output = Result<Vec<O>, Error>>,
    {
        loop {
            let (answer, mut answered) = oneshot::channel();
            self.queue().push_back(Slip {
                items: items.clone(),
                arrived: Instant::now(),
                answer,
            });
            let told = loop {
                tokio::select! {
                    biased;
                    told = &mut answered => break told,
                    _lead = self.lead.lock() => {
                        // Whoever led before may have served this caller with its last step.
                        if let Ok(told) = answered.try_recv() {
                            break Ok(told);
                        }
                        self.led(&write).await;
                    }
                }
            };
            // The leader that took the slip went away in the middle; whether it had written the work itself knows.
            if let Ok(told) = told {
                return told;
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Slip<I, O>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the next slice.
    async fn led<F, W>(&self, write: &F)
    where
        F: Fn(Vec<I>) -> W,
        W: Future<Output = Result<Vec<O>, Error>>,
    {
        let due = self.queue().front().map(|slip| slip.arrived + self.wait);
        if let Some(due) = due
            && self.items_waiting() < self.most
        {
            tokio::time::sleep_until(due).await;
        }
        let slips = self.taken();
        let items = slips.iter().flat_map(|slip| slip.items.clone()).collect();
        match write(items).await {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                for slip in slips {
                    let own = answers.by_ref().take(slip.items.len()).collect();
                    // Who does not listen any more hears it from the repetition.
                    let _ = slip.answer.send(Ok(own));
                }
            }
            Err(error) if slips.len() > 1 && error.is_of_input() => {
                for slip in slips {
                    let told = write(slip.items).await;
                    let _ = slip.answer.send(told);
                }
            }
            Err(error) => {
                for slip in slips {
                    let _ = slip.answer.send(Err(error.clone()));
                }
            }
        }
    }

    fn items_waiting(&self) -> usize {
        self.queue().iter().map(|slip| slip.items.len()).sum()
    }

    /// The oldest slips that make a slice together, at least one.
    fn taken(&self) -> Vec<Slip<I, O>> {
        let mut queue = self.queue();
        let mut room = self.most;
        let mut slips = Vec::new();
        while let Some(slip) = queue.front() {
            if !slips.is_empty() && slip.items.len() > room {
                break;
            }
            room = room.saturating_sub(slip.items.len());
            slips.extend(queue.pop_front());
        }
        slips
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn many_callers_are_written_together_and_each_hears_its_own() {
        let (slices, writes) = (
            Slices::new(1_000, Duration::from_millis(5)),
            AtomicUsize::new(0),
        );
        let callers = (0..50usize).map(|caller| {
            slices.hand_in(vec![caller, caller + 1_000], |items| async {
                writes.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Error>(items.into_iter().map(|item| item * 2).collect())
            })
        });
        for (caller, told) in join_all(callers).await.into_iter().enumerate() {
            assert_eq!(told.ok(), Some(vec![caller * 2, (caller + 1_000) * 2]));
        }
        assert_eq!(writes.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_breaks_a_slice_is_told_to_its_own_caller_alone() {
        let slices = Slices::new(100, Duration::from_millis(1));
        let write = |items: Vec<i64>| async move {
            if items.contains(&7) {
                return Err(Error::broken("seven"));
            }
            Ok(items)
        };
        let callers = (0..10i64).map(|item| slices.hand_in(vec![item], write));
        let told = join_all(callers).await;
        let broken: Vec<usize> = (0..10).filter(|at| told[*at].is_err()).collect();
        assert_eq!(broken, [7]);
    }

    #[tokio::test]
    async fn a_leader_that_goes_away_leaves_nobody_waiting() {
        let slices = Slices::new(100, Duration::from_millis(5));
        let stuck = slices.hand_in(vec![1i64], |_| std::future::pending());
        let waits = slices.hand_in(vec![2i64], |items| async { Ok(items) });
        let both = async {
            tokio::select! {
                biased;
                _ = stuck => Err(Error::broken("it never answers")),
                () = tokio::time::sleep(Duration::from_millis(20)) => Ok(()),
            }
        };
        let (gone, told) = tokio::join!(both, waits);
        assert!(gone.is_ok());
        assert_eq!(told.ok(), Some(vec![2]));
    }
}
