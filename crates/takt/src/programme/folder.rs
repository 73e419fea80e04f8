//! Where a programme comes from: the folder built into the binary, or a directory. It reads bytes and
//! hashes them; it must not know what they mean. Invariants: only the files of `FILES` count, for reading
//! and for the hash; the hash depends on names and bytes alone, not on the folder's name or place.
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The files that count, in the order in which problems are told: first what others refer to.
pub const FILES: [&str; 17] = [
    "programme.yaml",
    "suppliers.csv",
    "items.csv",
    "bom.csv",
    "supply_edges.csv",
    "nodes.csv",
    "materials.csv",
    "logistics.csv",
    "routing.csv",
    "daily.csv",
    "orders.csv",
    "sequence_rules.csv",
    "service_cases.csv",
    "recalls.csv",
    "stakes.csv",
    "co2_factors.csv",
    "world.csv",
];

/// Files with which the books begin; they may lie in the folder and are no part of the programme.
const OPENING: [&str; 12] = [
    "stock.csv",
    "open_orders.csv",
    "control.csv",
    "plan.csv",
    "wip.csv",
    "asbuilt.csv",
    "performance.csv",
    "customer_orders.csv",
    "deliveries.csv",
    "agreements.csv",
    "cases.csv",
    "claims.csv",
];

/// The programmes that the binary carries.
pub const BUILT_IN: [&str; 2] = ["su7", "yu7"];

/// Between the programmes that share a plant: `su7+yu7`.
const BESIDE: char = '+';

/// No file of a programme is larger; 250,000 rows have about 25 MB.
const LARGEST: u64 = 256 << 20;

macro_rules! embedded {
    ($folder:literal: $($file:literal)+) => {
        [$(($file, include_bytes!(concat!("../../programmes/", $folder, "/", $file)).as_slice())),+]
    };
}

static SU7: [(&str, &[u8]); 17] = embedded!("su7":
    "programme.yaml" "suppliers.csv" "items.csv" "bom.csv" "supply_edges.csv" "nodes.csv"
    "materials.csv" "logistics.csv" "routing.csv" "daily.csv" "orders.csv" "sequence_rules.csv"
    "service_cases.csv" "recalls.csv" "stakes.csv" "co2_factors.csv" "world.csv"
);

/// What the YU7 has of its own; the rest is the SU7's.
static YU7: &str = include_str!("../../programmes/yu7/programme.yaml");

/// Where the built-in programme's figures come from, to be shown beside it.
pub const SU7_SOURCES: &str = include_str!("../../programmes/su7/SOURCES.md");

/// Why a folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The source is neither a built-in programme nor a directory.
    #[error("{} is neither a directory nor a built-in programme; built in: {}", .0.display(), BUILT_IN.join(", "))]
    Unknown(PathBuf),
    /// The directory holds none of the files.
    #[error("{} holds no programme: none of its files is one of {}", .0.display(), FILES.join(", "))]
    Empty(PathBuf),
    /// A file is larger than any programme.
    #[error("{} is larger than {} MiB; split the programme or drop rows that are not needed", .0.display(), LARGEST >> 20)]
    TooLarge(PathBuf),
    /// The operating system refused.
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] std::io::Error),
}

/// The bytes of a programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    name: String,
    files: BTreeMap<&'static str, Cow<'static, [u8]>>,
    strangers: Vec<String>,
    /// The programme.yaml of one that derives from the files.
    derived: Option<String>,
    /// The programmes that share its plant.
    beside: Vec<Folder>,
}

impl Folder {
    /// Opens a built-in programme by its name, else a directory (`./su7` where both exist); several, joined by `+`, share
    /// a plant.
    pub fn open(source: &str) -> Result<Self, FolderError> {
        if let Some((first, others)) = source.split_once(BESIDE)
            && !Path::new(source).is_dir()
        {
            let mut folder = Self::open(first)?;
            let others = others.split(BESIDE).map(Self::open);
            folder.beside = others.collect::<Result<_, _>>()?;
            let names = folder.beside.iter().map(Self::name);
            folder.name = names.fold(folder.name.clone(), |all, name| {
                format!("{all}{BESIDE}{name}")
            });
            return Ok(folder);
        }
        match Self::built_in(source) {
            Some(folder) => Ok(folder),
            None => Self::read(Path::new(source)),
        }
    }

    /// The built-in programme of this name.
    pub fn built_in(name: &str) -> Option<Self> {
        BUILT_IN.contains(&name).then(|| Self {
            name: name.to_owned(),
            files: SU7
                .iter()
                .map(|(file, bytes)| (*file, Cow::Borrowed(*bytes)))
                .collect(),
            strangers: Vec::new(),
            derived: (name != BUILT_IN[0]).then(|| YU7.to_owned()),
            beside: Vec::new(),
        })
    }

    /// Whether its files are all there is to it: it derives from no other and shares its plant with none.
    pub fn is_alone(&self) -> bool {
        self.derived.is_none() && self.beside.is_empty()
    }

    /// The text of the programme.yaml that derives the programme from the files, where one does.
    pub(super) fn derived(&self) -> Option<&str> {
        self.derived.as_deref()
    }

    /// The programmes that share the plant.
    pub(super) fn beside(&self) -> &[Self] {
        &self.beside
    }

    /// Reads a directory; files that Takt does not know are left alone.
    pub fn read(directory: &Path) -> Result<Self, FolderError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |error| FolderError::Unreadable(path, error)
        };
        if !directory.is_dir() {
            return Err(FolderError::Unknown(directory.to_owned()));
        }
        let absolute = directory.canonicalize().map_err(unreadable(directory))?;
        let name = absolute
            .file_name()
            .map_or_else(|| "programme".into(), |name| name.to_string_lossy());
        let mut folder = Self {
            name: name.into_owned(),
            files: BTreeMap::new(),
            strangers: Vec::new(),
            derived: None,
            beside: Vec::new(),
        };
        for entry in directory.read_dir().map_err(unreadable(directory))? {
            let path = entry.map_err(unreadable(directory))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            match FILES.iter().find(|file| **file == name) {
                Some(file) => {
                    folder.files.insert(*file, Cow::Owned(read_file(&path)?));
                }
                None if OPENING.contains(&name) => {}
                None if name.ends_with(".csv")
                    || name.ends_with(".yaml")
                    || name.ends_with(".yml") =>
                {
                    folder.strangers.push(name.to_owned());
                }
                None => {}
            }
        }
        folder.strangers.sort();
        if folder.files.is_empty() {
            return Err(FolderError::Empty(directory.to_owned()));
        }
        folder.on_base(directory)
    }

    /// The folder as it is, or the files of its base with what it has of its own: a base is built in, or a directory beside it.
    fn on_base(self, directory: &Path) -> Result<Self, FolderError> {
        let text = self.file(FILES[0]).map(String::from_utf8_lossy);
        let text = text.unwrap_or_default().into_owned();
        let Some(base) = super::derive::base_of(&text) else {
            return Ok(self);
        };
        let mut folder = match Self::built_in(base) {
            Some(folder) => folder,
            None => Self::read(&directory.join("..").join(base))?,
        };
        folder.name = self.name;
        folder.derived = Some(text);
        Ok(folder)
    }

    /// The built-in name, or the last part of the directory's path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The bytes of a file of `FILES`.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(AsRef::as_ref)
    }

    /// The same folder with another content of one file; None for a file that does not count.
    pub fn with(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Option<Self> {
        let file = FILES.iter().find(|file| **file == name)?;
        self.files.insert(*file, Cow::Owned(bytes.into()));
        Some(self)
    }

    /// The same folder without a file.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.files.remove(name);
        self
    }

    /// Files that look as if they should count and do not, so that a misspelt name is noticed.
    pub(super) fn strangers(&self) -> &[String] {
        &self.strangers
    }

    /// SHA-256 over the sorted names and the contents of the files that count, in hexadecimal: the
    /// identity of a programme and of its import.
    pub fn programme_hash(&self) -> String {
        let mut hash = Sha256::new();
        for (name, bytes) in &self.files {
            // Lengths keep two folders apart whose concatenation is the same.
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name.as_bytes());
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        // Nothing more for a folder alone, so that its identity stays what it was.
        let beside = self.beside.iter().map(Self::programme_hash);
        for text in self.derived.iter().cloned().chain(beside) {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize()
            .iter()
            .fold(String::with_capacity(64), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, FolderError> {
    let unreadable = |error| FolderError::Unreadable(path.to_owned(), error);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(FolderError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}
