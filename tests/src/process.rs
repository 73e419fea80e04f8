//! Programs that a test starts: what they say goes to files, they have an end in time, and they die with their test.
//!
//! It must not know which programs. Invariant: a process that is dropped is killed and waited for.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{Failure, Result, ensure};

/// How often a process is looked at while it is waited for.
const LOOK: Duration = Duration::from_millis(5);

/// A program under way.
pub struct Running {
    name: String,
    child: Child,
    said: TempDir,
    started: Instant,
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    /// What was run, for messages.
    pub name: String,
    /// Its exit code; None when a signal ended it.
    pub code: Option<i32>,
    /// What it said to stdout.
    pub stdout: String,
    /// What it said to stderr.
    pub stderr: String,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Running {
    /// Starts a program.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        let said = tempfile::tempdir()?;
        let words: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let name = words.join(" ");
        let child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(said.path().join("stdout"))?)
            .stderr(fs::File::create(said.path().join("stderr"))?)
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Self {
            name,
            child,
            said,
            started: Instant::now(),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far to stderr.
    pub fn stderr(&self) -> String {
        self.read("stderr")
    }

    /// What it has said so far to stdout.
    pub fn stdout(&self) -> String {
        self.read("stdout")
    }

    fn read(&self, stream: &str) -> String {
        let bytes = fs::read(self.said.path().join(stream)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal by its name, `INT`.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn signal(&self, name: &str) -> Result {
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.id())])
            .status()?;
        ensure(told.success(), || {
            format!("{}: no signal {name} could be sent", self.name)
        })
    }

    /// Kills it as the kernel does when memory is short: without a word.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When it has not in time; it is killed, and the end of what it said is told.
    pub fn wait(mut self, within: Duration) -> Result<Finished> {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if begun.elapsed() > within => {
                    self.kill();
                    return Err(Failure::new(format!(
                        "{} did not end within {within:?}\n{}",
                        self.name,
                        last_lines(&self.stderr())
                    )));
                }
                None => thread::sleep(LOOK),
            }
        };
        Ok(self.finished(status))
    }

    /// Waits until a condition holds for the process.
    ///
    /// # Errors
    /// When it has ended before, or the time is over.
    pub fn wait_until(
        &mut self,
        what: &str,
        within: Duration,
        mut holds: impl FnMut(&Self) -> bool,
    ) -> Result {
        let begun = Instant::now();
        while !holds(self) {
            let ended = !self.is_running();
            if ended || begun.elapsed() > within {
                let why = if ended {
                    "it ended before"
                } else {
                    "it took too long"
                };
                return Err(Failure::new(format!(
                    "{}: waiting until {what}: {why}\n{}",
                    self.name,
                    last_lines(&self.stderr())
                )));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn finished(&self, status: ExitStatus) -> Finished {
        Finished {
            name: self.name.clone(),
            code: status.code(),
            stdout: self.stdout(),
            stderr: self.stderr(),
            elapsed: self.started.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or does not end in time; not when it fails.
pub fn run(command: &mut Command, within: Duration) -> Result<Finished> {
    Running::start(command)?.wait(within)
}

impl Finished {
    /// The same, when it ended with this exit code.
    ///
    /// # Errors
    /// Tells what it said otherwise.
    pub fn expect(self, code: i32) -> Result<Self> {
        if self.code == Some(code) {
            return Ok(self);
        }
        let ended = self
            .code
            .map_or("a signal".to_owned(), |code| code.to_string());
        Err(Failure::new(format!(
            "{} ended with {ended}, not {code}\n{}{}",
            self.name,
            last_lines(&self.stdout),
            last_lines(&self.stderr)
        )))
    }

    /// The same, when it ended well.
    ///
    /// # Errors
    /// Tells what it said otherwise.
    pub fn ok(self) -> Result<Self> {
        self.expect(0)
    }

    /// What it said to stdout, as the one JSON document it must be.
    ///
    /// # Errors
    /// When it is not.
    pub fn json(&self) -> Result<Value> {
        let value = serde_json::from_str(&self.stdout);
        value.map_err(|error| {
            Failure::new(format!(
                "{}: {error} in:\n{}",
                self.name,
                last_lines(&self.stdout)
            ))
        })
    }
}

/// The end of a text, for messages.
pub fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let last = lines
        .get(lines.len().saturating_sub(40)..)
        .unwrap_or_default();
    last.iter().map(|line| format!("  | {line}\n")).collect()
}

/// A file in a folder that goes away with the test.
pub fn write(folder: &TempDir, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.path().join(name);
    fs::write(&path, text)?;
    Ok(path)
}
