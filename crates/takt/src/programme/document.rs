//! A yaml file as a tree in which every value knows its line and its path, and every scalar is still the
//! text that was written (a yaml library would make floats of the numbers). It must not know the keys.
//! Invariants: aliases are refused, so a small file cannot grow; what is missing is reported with its path.
use super::problem::{Log, list, quote};
use super::table::{number, share};
use serde_saphyr::granit_parser::{Event, Parser, Span};
use takt_kernel::{ParseError, Share};

/// A value and the line where it begins.
#[derive(Debug, Clone)]
pub(super) struct Node {
    line: u32,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Nothing,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads a document; None and one error where it is not yaml.
pub(super) fn document(text: &str, file: &'static str, log: &mut Log) -> Option<Node> {
    match tree(text) {
        Ok(node) => Some(node),
        Err((line, message)) => {
            log.error(file, Some(line), message);
            None
        }
    }
}

/// A collection that is still open, with the key it waits to fill and that key's line.
struct Open {
    node: Node,
    key: Option<(String, u32)>,
}

type Refusal = (u32, String);

fn tree(text: &str) -> Result<Node, Refusal> {
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|e| (at(e.marker().line()), format!("is not yaml: {}", e.info())))?;
        let line = line_of(&span);
        let done = match event {
            Event::Scalar(text, style, ..) => {
                let plain = matches!(style, serde_saphyr::granit_parser::ScalarStyle::Plain);
                let value = match text.as_ref() {
                    "" | "~" | "null" if plain => Value::Nothing,
                    text => Value::Text(text.to_owned()),
                };
                Node { line, value }
            }
            Event::SequenceStart(..) => {
                open.push(Open {
                    node: Node {
                        line,
                        value: Value::List(Vec::new()),
                    },
                    key: None,
                });
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open {
                    node: Node {
                        line,
                        value: Value::Map(Vec::new()),
                    },
                    key: None,
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(open) => open.node,
                None => {
                    return Err((
                        line,
                        "is not yaml: a collection ends that never began".to_owned(),
                    ));
                }
            },
            Event::Alias(_) => {
                return Err((
                    line,
                    "holds an alias (*name); write the value out".to_owned(),
                ));
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(outer) => outer.put(done)?,
            None if root.is_none() => root = Some(done),
            None => return Err((line, "holds a second document; keep one".to_owned())),
        }
    }
    root.ok_or((1, "is empty".to_owned()))
}

impl Open {
    /// Puts a finished value into the list, or the mapping as a key or as the value of the waiting key.
    fn put(&mut self, done: Node) -> Result<(), Refusal> {
        match (&mut self.node.value, self.key.take()) {
            (Value::List(values), _) => values.push(done),
            // A person looks for the key: a list or mapping that begins below it counts as there.
            (Value::Map(pairs), Some((key, line))) => pairs.push((key, Node { line, ..done })),
            (Value::Map(pairs), None) => match done.value {
                Value::Text(key) if pairs.iter().any(|(name, _)| *name == key) => {
                    return Err((done.line, format!("holds the key {} twice", quote(&key))));
                }
                Value::Text(key) => self.key = Some((key, done.line)),
                _ => return Err((done.line, "holds a key that is not a text".to_owned())),
            },
            _ => {}
        }
        Ok(())
    }
}

fn line_of(span: &Span) -> u32 {
    at(span.start.line())
}

fn at(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

/// A place in the document: the value there, or its absence, with the path for messages.
#[derive(Debug, Clone)]
pub(super) struct Field<'d> {
    file: &'static str,
    path: String,
    line: u32,
    node: Option<&'d Node>,
}

impl<'d> Field<'d> {
    /// The whole document.
    pub fn root(node: &'d Node, file: &'static str) -> Self {
        Self {
            file,
            path: String::new(),
            line: 1,
            node: Some(node),
        }
    }

    /// The line of the value, or of what should hold it.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// True where there is a value.
    pub fn is_there(&self) -> bool {
        self.node.is_some()
    }

    /// The value of a key, absent where there is none.
    pub fn key(&self, key: &str) -> Self {
        let found = match self.node.map(|node| &node.value) {
            Some(Value::Map(pairs)) => pairs
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, node)| node),
            _ => None,
        };
        self.inner(key, found)
    }

    fn inner(&self, key: &str, node: Option<&'d Node>) -> Self {
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        let line = node.map_or(self.line, |node| node.line);
        let node = node.filter(|node| !matches!(node.value, Value::Nothing));
        Self {
            file: self.file,
            path,
            line,
            node,
        }
    }

    /// Records what is wrong here.
    pub fn error(&self, log: &mut Log, message: impl std::fmt::Display) {
        let colon = if self.path.is_empty() { "" } else { ": " };
        log.error(
            self.file,
            Some(self.line),
            format_args!("{}{colon}{message}", self.path),
        );
    }

    /// Records that a value must be here; `meaning` says what it would be.
    pub fn missing(&self, log: &mut Log, meaning: &str) {
        let path = &self.path;
        log.error(
            self.file,
            Some(self.line),
            format_args!("{path} is missing; it is {meaning}"),
        );
    }

    /// The entries of a mapping in the order of the file; an error where it is something else.
    pub fn entries(&self, log: &mut Log) -> Vec<(&'d str, Self)> {
        match self.node.map(|node| &node.value) {
            Some(Value::Map(pairs)) => pairs
                .iter()
                .map(|(key, node)| (key.as_str(), self.inner(key, Some(node))))
                .collect(),
            None => Vec::new(),
            Some(_) => {
                self.error(log, "must be a mapping of keys and values");
                Vec::new()
            }
        }
    }

    /// The members of a list; an error where it is something else.
    pub fn members(&self, log: &mut Log) -> Vec<Self> {
        match self.node.map(|node| &node.value) {
            Some(Value::List(nodes)) => nodes
                .iter()
                .enumerate()
                .map(|(place, node)| Self {
                    file: self.file,
                    path: format!("{}[{place}]", self.path),
                    line: node.line,
                    node: Some(node),
                })
                .collect(),
            None => Vec::new(),
            Some(_) => {
                self.error(log, "must be a list");
                Vec::new()
            }
        }
    }

    /// The scalar as it was written, None where there is none or it is a collection.
    pub fn scalar(&self) -> Option<&'d str> {
        match self.node.map(|node| &node.value) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A scalar, or a list of scalars, as texts: the sources of a figure.
    pub fn scalars(&self) -> Vec<String> {
        match self.node.map(|node| &node.value) {
            Some(Value::Text(text)) => vec![text.clone()],
            Some(Value::List(nodes)) => nodes
                .iter()
                .filter_map(|node| match &node.value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The value, None where it is absent, an error and None where it cannot be read.
    pub fn maybe<T>(
        &self,
        log: &mut Log,
        read: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        self.node?;
        let Some(text) = self.scalar() else {
            self.error(log, "must be a single value");
            return None;
        };
        match read(text) {
            Ok(value) => Some(value),
            Err(ParseError { rule, .. }) => {
                self.error(log, format_args!("{} cannot be read: {rule}", quote(text)));
                None
            }
        }
    }

    /// The value, an error where it is absent; `meaning` says what it would be.
    pub fn must<T>(
        &self,
        log: &mut Log,
        meaning: &str,
        read: impl FnOnce(&str) -> Result<T, ParseError>,
    ) -> Option<T> {
        if self.node.is_none() {
            self.missing(log, meaning);
        }
        self.maybe(log, read)
    }

    /// A required text.
    pub fn must_text(&self, log: &mut Log, meaning: &str) -> String {
        self.must(log, meaning, |text| Ok(text.to_owned()))
            .unwrap_or_default()
    }

    /// A required number of 10^-`places`, at least `least`.
    pub fn must_number(&self, log: &mut Log, meaning: &str, places: u32, least: i64) -> i64 {
        self.must(log, meaning, |text| number(text, places, least))
            .unwrap_or(10i64.saturating_pow(places))
    }

    /// An optional number of 10^-`places`, at least `least`.
    pub fn maybe_number(&self, log: &mut Log, places: u32, least: i64) -> Option<i64> {
        self.maybe(log, |text| number(text, places, least))
    }

    /// A required share from 0 to 1.
    pub fn must_share(&self, log: &mut Log, meaning: &str) -> Share {
        self.must(log, meaning, |text| share(text, 0, 1_000_000))
            .unwrap_or_default()
    }

    /// A mapping from names to shares that must add up to 1 within a millionth.
    pub fn shares(&self, log: &mut Log) -> Vec<(&'d str, Share)> {
        let before = log.count();
        let entries = self.entries(log);
        let shares: Vec<(&str, Share)> = entries
            .iter()
            .map(|(name, field)| (*name, field.must_share(log, "a share")))
            .collect();
        let sum: i64 = shares.iter().map(|(_, share)| share.millionths()).sum();
        let sound = log.count() == before;
        if sound && self.is_there() && (sum - 1_000_000).abs() > 1 {
            let names = list(shares.iter().map(|(name, _)| name));
            self.error(
                log,
                format_args!(
                    "the shares of {names} add up to {} instead of 1",
                    Share(sum)
                ),
            );
        }
        shares
    }
}
