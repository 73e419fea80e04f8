//! A change file: an engineering change with the items that it brings, and the programme with those items in it. It must not know
//! services. Invariants: an item that comes in is like one that is there, except for what the file says; items of the
//! programme keep their places, so that what was computed without the change stays comparable.
use super::document::{Field, document};
use super::model::{Item, Programme};
use super::problem::{Log, Problems, list, quote};
use takt_kernel::{Date, ItemId, Quantity, Share, SupplierId, sha256_hex};

/// The name under which problems of the file are told.
const FILE: &str = "change file";

/// An engineering change as a file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFile {
    /// The id.
    pub change_id: String,
    /// The title.
    pub title: String,
    /// Why it is made.
    pub reason: String,
    /// From which vehicle on it counts.
    pub effectivity: FileEffectivity,
    /// Whether the parts may stand for each other.
    pub interchange: Interchange,
    /// The affected items.
    pub items: Vec<Affected>,
    /// Items that the programme does not have yet.
    pub new_items: Vec<NewItem>,
    /// Who delivers items that the programme has, where the change makes it others.
    pub sources: Vec<(ItemId, Vec<Source>)>,
    /// What was said of parts at their suppliers.
    pub approvals: Vec<Approval>,
    /// The day on which the change is released; the programme's first day of orders without it.
    pub released_on: Option<Date>,
    /// Who approves it.
    pub approved_by: String,
    /// SHA-256 of the file.
    pub hash: String,
}

/// From which vehicle on a change counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileEffectivity {
    /// From a date on.
    Date(Date),
    /// From a build number of the programme at its own size on.
    BuildNumber(i64),
    /// When what was bought for use before the date is used up.
    RunOut(Date),
}

/// Whether the parts may stand for each other in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interchange {
    /// Neither may.
    None,
    /// The new one may replace the old one.
    NewForOld,
    /// Each may replace the other.
    BothWays,
}

/// An item that goes out and the one that comes in; empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// Where it goes into; empty for every use.
    pub parent: String,
    /// What goes out.
    pub old: String,
    /// What comes in.
    pub new: String,
    /// How many of the new one for each of the old one.
    pub quantity: Quantity,
    /// The vehicles that it is for.
    pub condition: String,
}

/// An item that comes in: like another one, except for what is said here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Its part number.
    pub id: ItemId,
    /// The item that it is like.
    pub like: ItemId,
    /// Its name, where it has another one.
    pub name: Option<String>,
    /// Who delivers it; those of the other item where nobody is named.
    pub sources: Vec<Source>,
}

/// A supplier with its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Who delivers.
    pub supplier: SupplierId,
    /// The share of the lots.
    pub share: Share,
    /// Calendar days from order to receipt, where they are others.
    pub lead_time_days: Option<i64>,
}

/// A production part approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The item.
    pub item: ItemId,
    /// The supplier.
    pub supplier: SupplierId,
    /// The submission level of PPAP.
    pub level: i32,
    /// Whether it is approved, or refused.
    pub approved: bool,
    /// The first day on which that holds.
    pub valid_from: Date,
}

/// Reads a change file: the change, or everything that is wrong with it.
pub fn parse_change(text: &str) -> Result<ChangeFile, Problems> {
    let mut log = Log::default();
    let read = document(text, FILE, &mut log)
        .and_then(|node| change_of(&Field::root(&node, FILE), text, &mut log));
    log.finish(&[FILE])?;
    read.ok_or_else(|| Problems::of(FILE, "the change is not complete"))
}

fn change_of(root: &Field<'_>, text: &str, log: &mut Log) -> Option<ChangeFile> {
    let effectivity = effectivity_of(&root.key("effectivity"), log);
    let maybe_text = |field: &Field<'_>| field.scalar().unwrap_or_default().to_owned();
    let items = root.key("items").members(log);
    if items.is_empty() {
        root.key("items")
            .missing(log, "the items that go out and come in");
    }
    let items = items.iter().map(|item| Affected {
        parent: maybe_text(&item.key("parent")),
        old: maybe_text(&item.key("old")),
        new: maybe_text(&item.key("new")),
        quantity: Quantity(item.key("quantity").maybe_number(log, 3, 1).unwrap_or(1000)),
        condition: maybe_text(&item.key("condition")),
    });
    let items = items.collect();
    let new_items: Vec<Option<NewItem>> = root
        .key("new_items")
        .members(log)
        .iter()
        .map(|item| {
            let id = item
                .key("item_id")
                .must(log, "its part number", ItemId::parse);
            let like = item
                .key("like")
                .must(log, "the item that it is like", ItemId::parse);
            let sources = sources_of(&item.key("suppliers"), log);
            Some(NewItem {
                id: id?,
                like: like?,
                name: item.key("name").scalar().map(str::to_owned),
                sources,
            })
        })
        .collect();
    let mut sources = Vec::new();
    for (item, suppliers) in root.key("sources").entries(log) {
        match ItemId::parse(item) {
            Ok(id) => sources.push((id, sources_of(&suppliers, log))),
            Err(error) => suppliers.error(log, error),
        }
    }
    let approvals: Vec<Option<Approval>> = root
        .key("ppap")
        .members(log)
        .iter()
        .map(|word| approval_of(word, log))
        .collect();
    let interchange = root.key("interchangeability");
    let interchange = match interchange.scalar() {
        None | Some("NONE") => Interchange::None,
        Some("NEW_FOR_OLD") => Interchange::NewForOld,
        Some("BOTH_WAYS") => Interchange::BothWays,
        Some(other) => {
            let rule = "is not NONE, NEW_FOR_OLD or BOTH_WAYS";
            interchange.error(log, format_args!("{} {rule}", quote(other)));
            Interchange::None
        }
    };
    Some(ChangeFile {
        change_id: root.key("change_id").must_text(log, "the id of the change"),
        title: root.key("title").must_text(log, "the title of the change"),
        reason: maybe_text(&root.key("reason")),
        effectivity: effectivity?,
        interchange,
        items,
        new_items: new_items.into_iter().collect::<Option<_>>()?,
        sources,
        approvals: approvals.into_iter().collect::<Option<_>>()?,
        released_on: root.key("released_on").maybe(log, Date::parse),
        approved_by: root
            .key("approved_by")
            .must_text(log, "who decides for the change"),
        hash: sha256_hex(text.as_bytes()),
    })
}

fn effectivity_of(field: &Field<'_>, log: &mut Log) -> Option<FileEffectivity> {
    let kind = field
        .key("kind")
        .must_text(log, "DATE, BUILD_NUMBER or RUN_OUT");
    let date = |log: &mut Log| field.key("date").must(log, "its date", Date::parse);
    match kind.as_str() {
        "DATE" => date(log).map(FileEffectivity::Date),
        "RUN_OUT" => date(log).map(FileEffectivity::RunOut),
        "BUILD_NUMBER" => {
            let number = field.key("build_number");
            let number = number.must_number(log, "the first build number", 0, 1);
            Some(FileEffectivity::BuildNumber(number))
        }
        other => {
            let rule = "is not DATE, BUILD_NUMBER or RUN_OUT";
            field.error(log, format_args!("{} {rule}", quote(other)));
            None
        }
    }
}

/// `{FDB: 0.65, CATL: {share: 0.35, lead_time_days: 45}}`.
fn sources_of(field: &Field<'_>, log: &mut Log) -> Vec<Source> {
    let mut sources = Vec::new();
    for (name, terms) in field.entries(log) {
        let (share, lead_time_days) = match terms.scalar() {
            Some(_) => (terms.must_share(log, "a share"), None),
            None => (
                terms.key("share").must_share(log, "a share"),
                terms.key("lead_time_days").maybe_number(log, 0, 0),
            ),
        };
        match SupplierId::parse(name) {
            Ok(supplier) => sources.push(Source {
                supplier,
                share,
                lead_time_days,
            }),
            Err(error) => terms.error(log, error),
        }
    }
    let sum: i64 = sources.iter().map(|source| source.share.millionths()).sum();
    if field.is_there() && sum != Share::ONE.millionths() {
        let names = list(sources.iter().map(|source| &source.supplier));
        field.error(
            log,
            format_args!(
                "the shares of {names} add up to {} instead of 1",
                Share(sum)
            ),
        );
    }
    sources
}

fn approval_of(word: &Field<'_>, log: &mut Log) -> Option<Approval> {
    let status = word.key("status").must_text(log, "APPROVED or REJECTED");
    if !["APPROVED", "REJECTED"].contains(&status.as_str()) {
        word.error(
            log,
            format_args!("{} is not APPROVED or REJECTED", quote(&status)),
        );
    }
    let level = word
        .key("level")
        .must_number(log, "the level of PPAP, 1 to 5", 0, 1);
    let item = word.key("item").must(log, "the item", ItemId::parse);
    let supplier = word
        .key("supplier")
        .must(log, "the supplier", SupplierId::parse);
    let valid_from =
        word.key("valid_from")
            .must(log, "the first day on which it holds", Date::parse);
    Some(Approval {
        item: item?,
        supplier: supplier?,
        level: i32::try_from(level).unwrap_or(i32::MAX),
        approved: status == "APPROVED",
        valid_from: valid_from?,
    })
}

impl Programme {
    /// The programme with the items and sources of a change, or what does not fit.
    pub fn with_change(&self, change: &ChangeFile) -> Result<Self, Problems> {
        let mut log = Log::default();
        let mut with = self.clone();
        for new in &change.new_items {
            let Some(like) = self.item(&new.like).cloned() else {
                log.error(
                    FILE,
                    None,
                    format_args!("{} is like {}, which is not an item", new.id, new.like),
                );
                continue;
            };
            if with.item(&new.id).is_some() {
                log.error(FILE, None, format_args!("{} is an item already", new.id));
                continue;
            }
            let mut item = Item {
                id: new.id.clone(),
                ..like.clone()
            };
            item.name = new.name.clone().unwrap_or(item.name);
            if !new.sources.is_empty() {
                resource(&mut item, &like, &new.sources, &mut log);
            }
            with.items.push(item);
            with.network_like(&new.like, &new.id);
        }
        for (id, sources) in &change.sources {
            let like = self.item(id).cloned();
            let Some((item, like)) = with.items.iter_mut().find(|item| item.id == *id).zip(like)
            else {
                log.error(FILE, None, format_args!("{id} is not an item"));
                continue;
            };
            resource(item, &like, sources, &mut log);
        }
        for affected in &change.items {
            for id in [&affected.old, &affected.new]
                .into_iter()
                .filter(|id| !id.is_empty())
            {
                if !with.items.iter().any(|item| item.id.as_str() == id) {
                    log.error(
                        FILE,
                        None,
                        format_args!("{id} is not an item; say in new_items which one it is like"),
                    );
                }
            }
        }
        with.direct_links();
        log.finish(&[FILE])?;
        Ok(with)
    }

    /// What stands around an item stands around one that is like it.
    pub(super) fn network_like(&mut self, like: &ItemId, id: &ItemId) {
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .filter(|node| node.item == *like)
            .cloned()
            .collect();
        self.nodes.extend(nodes.into_iter().map(|mut node| {
            node.item = id.clone();
            node
        }));
        let links: Vec<_> = self
            .links
            .iter()
            .filter(|link| link.item == *like)
            .cloned()
            .collect();
        self.links.extend(links.into_iter().map(|mut link| {
            link.item = id.clone();
            link
        }));
        for link in self
            .links
            .iter_mut()
            .filter(|link| link.into.contains(like))
        {
            link.into.push(id.clone());
        }
        let materials: Vec<_> = self
            .materials
            .iter()
            .filter(|material| material.item == *like)
            .cloned()
            .collect();
        self.materials
            .extend(materials.into_iter().map(|mut material| {
                material.item = id.clone();
                material
            }));
        for case in self
            .service_cases
            .iter_mut()
            .filter(|case| case.items.contains(like))
        {
            case.items.push(id.clone());
        }
    }

    /// Links to the plant are what the agreements say: no others, and with their shares.
    pub(super) fn direct_links(&mut self) {
        let plant = self.plant.supplier.clone();
        let items = &self.items;
        self.links.retain_mut(|link| {
            if link.to != plant {
                return true;
            }
            let item = items.iter().find(|item| item.id == link.item);
            let agreement = item.and_then(|item| {
                let mut all = item.agreements.iter();
                all.find(|agreement| agreement.supplier == link.from)
            });
            if let Some(agreement) = agreement {
                link.share = agreement.share;
            }
            agreement.is_some()
        });
    }
}

/// Gives an item these suppliers, each with the terms that it has for an item like it.
fn resource(item: &mut Item, like: &Item, sources: &[Source], log: &mut Log) {
    let mut agreements = Vec::with_capacity(sources.len());
    for source in sources {
        let known = like
            .agreements
            .iter()
            .find(|known| known.supplier == source.supplier);
        let Some(mut agreement) = known.or(like.agreements.first()).cloned() else {
            log.error(
                FILE,
                None,
                format_args!("{} is made here and has no suppliers", like.id),
            );
            continue;
        };
        match (known, source.lead_time_days) {
            (_, Some(days)) => agreement.lead_time_days = days,
            (Some(_), None) => {}
            (None, None) => {
                let who = &source.supplier;
                log.error(
                    FILE,
                    None,
                    format_args!(
                        "{who} does not deliver {} yet; give its lead_time_days",
                        like.id
                    ),
                );
            }
        }
        agreement.supplier = source.supplier.clone();
        agreement.share = source.share;
        agreements.push(agreement);
    }
    item.agreements = agreements;
}
