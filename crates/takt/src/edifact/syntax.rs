//! The characters of an interchange: service string advice, separators, the release character, segments. It must not know what
//! a segment means. Invariant: every byte is looked at once; a segment that does not end is told and never guessed.
use super::{Flaw, Segment};

/// The most bytes that are read: far beyond any schedule, and little enough for any machine.
pub const MOST_BYTES: usize = 16 << 20;

/// The characters that give an interchange its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separators {
    /// Between components of an element.
    pub component: u8,
    /// Between elements.
    pub element: u8,
    /// The decimal mark of numbers.
    pub decimal: u8,
    /// Takes the meaning from the character after it.
    pub release: u8,
    /// Ends a segment.
    pub segment: u8,
}

impl Default for Separators {
    fn default() -> Self {
        Self {
            component: b':',
            element: b'+',
            decimal: b'.',
            release: b'?',
            segment: b'\'',
        }
    }
}

impl Separators {
    /// Reads the six characters behind UNA; None where they do not tell the parts of a segment apart.
    fn of_advice(advice: &[u8]) -> Option<Self> {
        let &[component, element, decimal, release, _reserved, segment] = advice else {
            return None;
        };
        let kinds = [component, element, release, segment];
        let plain = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric();
        // A space as the release character says that there is none.
        let all = kinds.iter().enumerate().all(|(at, byte)| {
            (plain(byte) || (at == 2 && *byte == b' ')) && !kinds[..at].contains(byte)
        });
        (all && matches!(decimal, b'.' | b',')).then_some(Self {
            component,
            element,
            decimal,
            release,
            segment,
        })
    }

    /// Whether a byte has a meaning of its own.
    pub(super) fn has(self, byte: u8) -> bool {
        byte == self.component
            || byte == self.element
            || byte == self.segment
            || self.is_release(byte)
    }

    fn is_release(self, byte: u8) -> bool {
        byte == self.release && byte != b' '
    }
}

/// Cuts a file into its segments.
pub(super) fn segments(file: &[u8]) -> Result<(Separators, Vec<Segment>), Flaw> {
    if file.len() > MOST_BYTES {
        let what = format!(
            "the file has {} bytes; at most {MOST_BYTES} are read, so cut it into interchanges",
            file.len()
        );
        return Err(flaw(0, "", 0, what));
    }
    let (separators, begin) = match file.strip_prefix(b"UNA") {
        None => (Separators::default(), 0),
        Some(rest) => {
            let advice = rest.get(..6).and_then(Separators::of_advice);
            let separators = advice.ok_or_else(|| {
                let what =
                    "the service string advice is six different characters, such as UNA:+.? '";
                flaw(0, "UNA", 0, what)
            })?;
            (separators, 9)
        }
    };
    let mut all = Vec::new();
    let mut at = begin;
    loop {
        // Line ends between segments are for people.
        at += file
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n' | b' '))
            .count();
        if at >= file.len() {
            return Ok((separators, all));
        }
        let (segment, next) = one(file, at, all.len() + 1, separators)?;
        all.push(segment);
        at = next;
    }
}

/// One segment from a byte on, and where the next one may begin.
fn one(
    file: &[u8],
    begin: usize,
    number: usize,
    separators: Separators,
) -> Result<(Segment, usize), Flaw> {
    let mut elements: Vec<Vec<Vec<u8>>> = vec![vec![Vec::new()]];
    let mut bytes = file.iter().copied().enumerate().skip(begin);
    let tag = |elements: &[Vec<Vec<u8>>]| {
        let first = elements.first().and_then(|element| element.first());
        first.map_or_else(String::new, |tag| latin(tag.get(..3).unwrap_or(tag)))
    };
    while let Some((at, byte)) = bytes.next() {
        let byte = if separators.is_release(byte) {
            match bytes.next() {
                Some((_, byte)) => byte,
                None => break,
            }
        } else if byte == separators.segment {
            let segment = Segment::new(number, begin, elements, separators.decimal);
            return segment.map(|segment| (segment, at + 1));
        } else if byte == separators.element {
            elements.push(vec![Vec::new()]);
            continue;
        } else if byte == separators.component {
            if let Some(element) = elements.last_mut() {
                element.push(Vec::new());
            }
            continue;
        } else {
            byte
        };
        if byte < b' ' || byte == 0x7f {
            let what = format!(
                "byte {at} is a control character; data has none, and a line ends between segments alone"
            );
            return Err(flaw(number, tag(&elements), begin, what));
        }
        if let Some(component) = elements.last_mut().and_then(|element| element.last_mut()) {
            component.push(byte);
        }
    }
    let what = format!(
        "the file ends within the segment; {:?} is missing",
        char::from(separators.segment)
    );
    Err(flaw(number, tag(&elements), begin, what))
}

/// Bytes of ISO 8859-1 as text.
pub(super) fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

pub(super) fn flaw(
    segment: usize,
    tag: impl Into<String>,
    byte: usize,
    what: impl Into<String>,
) -> Flaw {
    Flaw {
        segment,
        tag: tag.into(),
        place: (0, 0),
        byte,
        what: what.into(),
    }
}
