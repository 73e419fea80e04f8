//! Request ids that a second try finds again. It must not know what is requested. Invariant: an id depends on the
//! run, the day, the step and the chunk alone; where the things of a chunk come from what a service answered, their
//! keys are part of the chunk's name, because after a break the answer may name fewer.
use takt_kernel::{Date, stable_hash};
use uuid::Uuid;

/// The request ids of a run.
#[derive(Debug, Clone)]
pub struct RequestIds {
    run: Uuid,
}

impl RequestIds {
    /// The ids of a run.
    pub fn of_run(run_id: &str) -> Self {
        let takt = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"takt:replay");
        Self {
            run: Uuid::new_v5(&takt, run_id.as_bytes()),
        }
    }

    /// The id of a step of a day.
    pub fn step(&self, day: Date, step: &str) -> String {
        self.named(&format!("{day}/{step}"))
    }

    /// The id of a chunk of a step; the chunk's content is the same at every try.
    pub fn chunk(&self, day: Date, step: &str, number: usize) -> String {
        self.named(&format!("{day}/{step}/{number}"))
    }

    /// The id of a chunk whose content was read from a service; `keys` are the business keys in it.
    pub fn keyed_chunk<'k>(
        &self,
        day: Date,
        step: &str,
        keys: impl Iterator<Item = &'k str>,
    ) -> String {
        let mut content = String::new();
        for key in keys {
            content.push_str(key);
            content.push('\n');
        }
        self.named(&format!(
            "{day}/{step}/{:016x}/{}",
            stable_hash(content.as_bytes()),
            content.len()
        ))
    }

    fn named(&self, name: &str) -> String {
        Uuid::new_v5(&self.run, name.as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_at_every_try_and_differ_otherwise() {
        let day = Date::from_epoch_day(19_810);
        let ids = RequestIds::of_run("run");
        assert_eq!(
            ids.chunk(day, "orders", 3),
            RequestIds::of_run("run").chunk(day, "orders", 3)
        );
        let all = [
            ids.chunk(day, "orders", 3),
            ids.chunk(day, "orders", 4),
            ids.chunk(day.plus(1), "orders", 3),
            ids.step(day, "orders"),
            ids.keyed_chunk(day, "orders", ["a", "b"].into_iter()),
            ids.keyed_chunk(day, "orders", ["a"].into_iter()),
            RequestIds::of_run("other").chunk(day, "orders", 3),
        ];
        let mut distinct = all.to_vec();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
    }
}
