//! The SU7's folder as the planning sees it, and the figures of docs/planning.md.
use takt_kernel::{Date, ItemId, Quantity};
use takt_planning::material::{MaterialPlan, Mode, Request, translate};
use takt_planning::mrp::Action;

use super::{Offline, Standing};
use crate::programme::{Folder, Programme, parse};

type Broken = Box<dyn std::error::Error>;

fn su7() -> Result<Programme, Broken> {
    let folder = Folder::built_in("su7").ok_or("su7 is built in")?;
    Ok(parse(&folder).map_err(|problems| problems.to_string())?)
}

fn offline(programme: Programme) -> Result<Offline, Broken> {
    let sized = programme.clone();
    Ok(Offline::new(programme, sized).map_err(|failure| failure.to_string())?)
}

fn plan(offline: &Offline, as_of: Date) -> Result<MaterialPlan, Broken> {
    let standing = Standing::planned(offline, as_of);
    let request = Request {
        as_of,
        mode: Mode::default(),
        position: &standing.position,
        stocks: &standing.stocks,
    };
    let translated = translate(&offline.basis(), &request)?;
    Ok(MaterialPlan::run(translated, &standing.stocks, as_of)?)
}

#[test]
fn the_page_tells_what_the_command_tells() -> Result<(), Broken> {
    let offline = offline(su7()?)?;
    let plan = plan(&offline, offline.sized.order_from)?;
    let page = include_str!("../../../../docs/planning.md");
    for id in ["SU7", "BAT-S", "BS-01", "AD-02"] {
        let item = offline.item(id).ok_or("an item is missing")?;
        let told = plan.item(item).ok_or("an item is missing")?;
        let first = told.releases.first().ok_or("nothing is released")?;
        let whole = |quantity: Quantity| crate::output::grouped(quantity.milli() / 1000);
        let row = format!(
            "| {id} | {} | {} | {} | {} | {} |",
            whole(told.gross),
            whole(told.net),
            whole(told.planned_quantity),
            told.releases.len(),
            first.on
        );
        assert!(page.contains(&row), "docs/planning.md has no row {row}");
    }
    assert!(plan.late().is_empty());
    Ok(())
}

#[test]
fn what_went_as_planned_is_in_time_and_wants_nothing_changed() -> Result<(), Broken> {
    let offline = offline(su7()?)?;
    for as_of in ["2024-05-01", "2024-06-10"] {
        let plan = plan(&offline, Date::parse(as_of)?)?;
        assert!(plan.late().is_empty(), "{as_of}");
        let messages = plan.messages(7);
        assert!(messages.len() > 1_000, "{as_of}: {}", messages.len());
        for message in messages {
            let item = offline.item_id(message.item);
            assert_eq!(message.action, Action::Order, "{as_of} {item}");
            assert_eq!(message.past_due_days, 0, "{as_of} {item}");
        }
    }
    Ok(())
}

#[test]
fn a_supplier_that_needs_longer_is_named_with_the_day_and_what_is_past_due() -> Result<(), Broken> {
    let mut programme = su7()?;
    let computer = ItemId::parse("AD-02")?;
    let lead = (programme.items.iter_mut())
        .filter(|item| item.id == computer)
        .flat_map(|item| &mut item.agreements);
    lead.for_each(|agreement| agreement.lead_time_days = 132);
    let offline = offline(programme)?;
    let plan = plan(&offline, offline.sized.order_from)?;
    let item = offline.item("AD-02").ok_or("an item is missing")?;
    let told = plan.item(item).ok_or("an item is missing")?;
    let first = told.releases.first().ok_or("nothing is released")?;
    // It stays in the past: 132 days before the evening before the first use, 30 days before anything may be ordered.
    assert_eq!(
        (first.on.to_string().as_str(), first.past_due_days),
        ("2023-11-17", 30)
    );
    let page = include_str!("../../../../docs/planning.md");
    let late = plan.late();
    let first = late.first().ok_or("somebody is late")?;
    let mut words = Vec::new();
    let mut reasons = &first.reasons;
    while let Some(reason) = reasons.first() {
        words.push(format!("{} {}", reason.code.as_str(), reason.subject));
        reasons = &reason.upstream;
    }
    let chain = words.join(" < ");
    assert!(page.contains(&chain), "docs/planning.md has no {chain}");
    Ok(())
}
