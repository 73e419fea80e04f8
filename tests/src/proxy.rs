//! A wire between two services that a test can cut: it carries bytes until an answer goes by that a trap waits for.
//!
//! It must not know HTTP/2: an answer is found by a text that stands in it, such as the name of a reservation, which
//! protobuf leaves readable. Invariant: a trap springs once.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::Result;

/// What becomes of the answer that springs the trap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is lost: the peer has done the work, and the asker never hears of it.
    Lost,
    /// It arrives, and the asker is struck before it can write down what it heard.
    Delivered,
}

struct Trap {
    text: Vec<u8>,
    fate: Fate,
    strike: Box<dyn FnOnce() + Send>,
}

#[derive(Default)]
struct Shared {
    trap: Mutex<Option<Trap>>,
    sprung: AtomicU64,
}

/// The wire.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Lays a wire to `target`; its threads end with their connections, and with the test.
    ///
    /// # Errors
    /// When no port is free.
    pub fn to(target: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (ours, target) = (Arc::clone(&shared), target.to_owned());
        thread::spawn(move || {
            for asker in listener.incoming().flatten() {
                // The peer may be away: then the asker's connection ends, as it would without us.
                if let Ok(peer) = TcpStream::connect(&target) {
                    let _ = carry(asker, peer, &ours);
                }
            }
        });
        Ok(Self { address, shared })
    }

    /// Where it is reached.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits for an answer that holds `text`; then `strike` is called.
    pub fn arm(&self, text: &str, fate: Fate, strike: impl FnOnce() + Send + 'static) {
        let trap = Trap {
            text: text.as_bytes().to_vec(),
            fate,
            strike: Box::new(strike),
        };
        *self
            .shared
            .trap
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(trap);
    }

    /// Takes the trap away; true when it was still waiting.
    pub fn disarm(&self) -> bool {
        self.shared
            .trap
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .is_some()
    }

    /// How often a trap has sprung.
    pub fn sprung(&self) -> u64 {
        self.shared.sprung.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn caught(&self, chunk: &[u8]) -> Option<Trap> {
        let mut trap = self.trap.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = trap
            .as_ref()
            .is_some_and(|trap| chunk.windows(trap.text.len()).any(|part| part == trap.text));
        if holds { trap.take() } else { None }
    }
}

/// Carries one connection both ways, each on a thread of its own.
fn carry(asker: TcpStream, peer: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    asker.set_nodelay(true)?;
    peer.set_nodelay(true)?;
    let (mut from_asker, mut to_peer) = (asker.try_clone()?, peer.try_clone()?);
    thread::spawn(move || {
        let mut chunk = [0; 1 << 16];
        while let Ok(count @ 1..) = from_asker.read(&mut chunk) {
            if to_peer
                .write_all(chunk.get(..count).unwrap_or_default())
                .is_err()
            {
                break;
            }
        }
        let _ = to_peer.shutdown(Shutdown::Both);
        let _ = from_asker.shutdown(Shutdown::Both);
    });
    let (mut from_peer, mut to_asker, shared) = (peer, asker, Arc::clone(shared));
    thread::spawn(move || {
        let mut chunk = [0; 1 << 16];
        while let Ok(count @ 1..) = from_peer.read(&mut chunk) {
            let answer = chunk.get(..count).unwrap_or_default();
            let caught = shared.caught(answer);
            let lost = caught.as_ref().is_some_and(|trap| trap.fate == Fate::Lost);
            let failed = !lost && to_asker.write_all(answer).is_err();
            if let Some(trap) = caught {
                (trap.strike)();
                shared.sprung.fetch_add(1, Ordering::SeqCst);
            }
            if failed || lost {
                break;
            }
        }
        let _ = to_asker.shutdown(Shutdown::Both);
        let _ = from_peer.shutdown(Shutdown::Both);
    });
    Ok(())
}
