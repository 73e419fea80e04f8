//! The programme folder: Takt's import format, read and checked by a pure function before anything is sent
//! (`programmes/README.md` documents every column). It must not know the services. Invariants: `parse`
//! touches nothing but the bytes it is given; either all of a folder is right or nothing of it is used;
//! no float holds any figure.
mod assemble;
mod change;
mod check;
mod compose;
mod derive;
mod document;
mod folder;
mod graph;
mod model;
mod problem;
mod read;
mod scale;
mod table;
#[cfg(test)]
mod tests;

pub use change::{
    Affected, Approval, ChangeFile, FileEffectivity, Interchange, NewItem, Source, parse_change,
};
pub use folder::{BUILT_IN, FILES, Folder, FolderError, SU7_SOURCES};
pub use model::*;
pub use problem::{Problem, Problems, SHOWN};

/// Reads a folder: the programme with its warnings, or everything that is wrong with it. A folder that derives from another one is that
/// one with its differences, and several folders are one plant book.
pub fn parse(folder: &Folder) -> Result<Programme, Problems> {
    let mut programme = match folder.derived() {
        Some(text) => {
            let mut log = problem::Log::default();
            let derived = derive::derive(&parse_alone(folder)?, text, &mut log);
            log.finish(&FILES)?;
            derived.ok_or_else(|| Problems::of(FILES[0], "the programme is not complete"))?
        }
        None => parse_alone(folder)?,
    };
    if !folder.beside().is_empty() {
        let mut parts = vec![programme];
        for other in folder.beside() {
            parts.push(parse(other)?);
        }
        programme = compose::compose(parts)?;
    }
    Ok(programme)
}

fn parse_alone(folder: &Folder) -> Result<Programme, Problems> {
    let mut log = problem::Log::default();
    let draft = read::read(folder, &mut log);
    check::check(&draft, &mut log);
    let warnings = log.finish(&FILES)?;
    let incomplete = || Problems::of(FILES[0], "the programme is not complete");
    assemble::assemble(draft, warnings).ok_or_else(incomplete)
}
