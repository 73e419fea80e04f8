//! Ctrl-C and SIGTERM: the first asks for a clean stop after the step under way, the second stops at once. It must
//! not know what is under way. Invariant: a run that is stopped, cleanly or not, is taken up by the same command.
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Outcome};
use crate::output::say;

/// Whether somebody wants the run to stop.
#[derive(Debug, Default)]
pub struct Interrupt {
    stop: AtomicBool,
    cut: AtomicBool,
}

impl Interrupt {
    /// Asks the run to stop after its step.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Whether the run was told to stop at once, without a word to the services.
    pub fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// To be asked between two steps.
    pub fn check(&self) -> Outcome<()> {
        if self.stop.load(Ordering::SeqCst) {
            return Err(
                Failure::interrupted("stopped; everything that was closed is kept")
                    .with_way_out("the same command goes on where it stopped"),
            );
        }
        Ok(())
    }
}

/// Runs work while listening to the terminal and to the supervisor.
pub async fn listening<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    tokio::select! {
        biased;
        outcome = work => outcome,
        outcome = listen(interrupt) => outcome,
    }
}

async fn listen<T>(interrupt: &Interrupt) -> Outcome<T> {
    signalled().await?;
    say("\nstopping after this step; Ctrl-C again stops at once");
    interrupt.stop();
    signalled().await?;
    interrupt.cut.store(true, Ordering::SeqCst);
    Err(Failure::interrupted("stopped at once")
        .with_way_out("the same command goes on where it stopped"))
}

/// Returns when Ctrl-C is pressed or SIGTERM arrives.
pub async fn signalled() -> Outcome<()> {
    let deaf = |error| Failure::broken(format!("signals cannot be heard: {error}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(deaf)?;
        tokio::select! {
            heard = tokio::signal::ctrl_c() => heard.map_err(deaf),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    {
        tokio::signal::ctrl_c().await.map_err(deaf)
    }
}
