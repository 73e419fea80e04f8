//! What is wrong with a message, all at once. It must not know protobuf or files. Invariant: a field path
//! reads from the outside in, `lines[3].quantity`.
use std::fmt;

/// One field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldViolation {
    /// The path of the field, `lines[3].quantity`.
    pub field: String,
    /// What is wrong, and what would be right.
    pub description: String,
}

impl FieldViolation {
    /// Names a field and what is wrong with it.
    pub fn new(field: impl Into<String>, description: impl fmt::Display) -> Self {
        Self {
            field: field.into(),
            description: description.to_string(),
        }
    }

    /// The same violation seen from one level further out.
    #[must_use]
    pub fn scope(mut self, outer: &str) -> Self {
        self.field = if self.field.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.field)
        };
        self
    }
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.field, self.description)
    }
}

impl std::error::Error for FieldViolation {}

/// Collects violations, so that a caller hears of all of them in one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violations {
    path: Vec<String>,
    found: Vec<FieldViolation>,
}

impl Violations {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records what is wrong with a field of the current scope; an empty name means the scope itself.
    pub fn push(&mut self, field: &str, description: impl fmt::Display) {
        let mut path = self.path.join(".");
        if !path.is_empty() && !field.is_empty() {
            path.push('.');
        }
        path.push_str(field);
        self.found.push(FieldViolation {
            field: path,
            description: description.to_string(),
        });
    }

    /// Takes a violation found elsewhere into the current scope.
    pub fn take(&mut self, violation: FieldViolation) {
        let FieldViolation { field, description } = violation;
        self.push(&field, description);
    }

    /// Records `description` unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, description: impl fmt::Display) {
        if !holds {
            self.push(field, description);
        }
    }

    /// The value, or None and a violation.
    pub fn check<T, E: fmt::Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.push(field, error)).ok()
    }

    /// Runs `inner` one level deeper: `scope("lines[3]", |v| v.push("quantity", ..))`.
    pub fn scope<R>(&mut self, name: impl Into<String>, inner: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(name.into());
        let answer = inner(self);
        self.path.pop();
        answer
    }

    /// True while nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Ok where nothing is wrong, else everything that is.
    pub fn finish(self) -> Result<(), Vec<FieldViolation>> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(self.found)
        }
    }

    /// `value` where nothing is wrong and it is there, else everything that is.
    pub fn finish_with<T>(mut self, value: Option<T>) -> Result<T, Vec<FieldViolation>> {
        if value.is_none() && self.found.is_empty() {
            self.push("", "it is missing");
        }
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_from_the_outside_in() {
        let mut violations = Violations::new();
        violations.scope("lines[3]", |v| {
            v.push("quantity", "it is negative; give 0 or more")
        });
        violations.require(true, "etag", "it is stale");
        let found = violations.finish().err().unwrap_or_default();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].clone().scope("order").to_string(),
            "order.lines[3].quantity: it is negative; give 0 or more"
        );
    }
}
