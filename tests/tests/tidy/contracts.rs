//! The surface as its users read it: every service, rpc, message, field and value has a comment that is a sentence, every
//! change carries a request id, every list a page.
//!
//! It must not know how an rpc is done. `buf lint` holds the rest of the style.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use takt_contract::FILE_DESCRIPTOR_SET;

use takt_tests::{Failure, Result};

use crate::all_hold;

/// The comments of a file by the path of what they are about.
type Comments = BTreeMap<Vec<i32>, String>;

/// The files of ours with their comments.
fn files() -> Result<Vec<(FileDescriptorProto, Comments)>> {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)?;
    let ours = set
        .file
        .into_iter()
        .filter(|file| file.package().starts_with("takt."));
    let all: Vec<_> = ours
        .map(|file| {
            let locations = file.source_code_info.iter().flat_map(|info| &info.location);
            let comments = locations.map(|place| {
                (
                    place.path.clone(),
                    place.leading_comments().trim().to_owned(),
                )
            });
            let comments = comments.collect();
            (file, comments)
        })
        .collect();
    if all.is_empty() {
        Err(Failure::new("the descriptor set holds no file of ours"))
    } else {
        Ok(all)
    }
}

/// Everything of a file that wants a comment: its path and its name.
fn named(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    let mut all = vec![(vec![2], format!("package {}", file.package()))];
    for (s, service) in (0..).zip(&file.service) {
        all.push((vec![6, s], service.name().to_owned()));
        for (m, method) in (0..).zip(&service.method) {
            all.push((
                vec![6, s, 2, m],
                format!("{}.{}", service.name(), method.name()),
            ));
        }
    }
    for (m, message) in (0..).zip(&file.message_type) {
        message_named(message, vec![4, m], message.name(), &mut all);
    }
    for (e, one) in (0..).zip(&file.enum_type) {
        all.push((vec![5, e], one.name().to_owned()));
        for (v, value) in (0..).zip(&one.value) {
            all.push((vec![5, e, 2, v], format!("{}.{}", one.name(), value.name())));
        }
    }
    all
}

fn message_named(
    message: &DescriptorProto,
    path: Vec<i32>,
    name: &str,
    all: &mut Vec<(Vec<i32>, String)>,
) {
    let inner = |kind: i32, at: i32| [path.as_slice(), &[kind, at]].concat();
    all.push((path.clone(), name.to_owned()));
    for (f, field) in (0..).zip(&message.field) {
        all.push((inner(2, f), format!("{name}.{}", field.name())));
    }
    for (n, nested) in (0..).zip(&message.nested_type) {
        // The entries of a map are made by the compiler and have no text of their own.
        if !nested
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry())
        {
            message_named(
                nested,
                inner(3, n),
                &format!("{name}.{}", nested.name()),
                all,
            );
        }
    }
}

#[test]
fn everything_has_a_comment_that_is_a_sentence() -> Result {
    let mut bare = Vec::new();
    for (file, comments) in files()? {
        for (path, name) in named(&file) {
            let comment = comments.get(&path).map_or("", String::as_str);
            let is_sentence = comment.ends_with('.')
                && comment.starts_with(|c: char| c.is_uppercase() || c.is_numeric());
            if !is_sentence || comment.split_whitespace().count() < 2 {
                bare.push(format!("{}: {name}: {comment:?}", file.name()));
            }
        }
    }
    all_hold("a comment is a sentence and ends with a full stop", &bare)
}

/// The first words of rpcs that change nothing, or that are streams of requests whose items carry the id.
const READS: [&str; 23] = [
    "Get",
    "List",
    "Stream",
    "Check",
    "Watch",
    "Await",
    "Digest",
    "Trace",
    "Traverse",
    "Explode",
    "Inquire",
    "Peg",
    "Explain",
    "Replan",
    "Reconcile",
    "Report",
    "Fit",
    "Forecast",
    "Compare",
    "AssessNode",
    "FindSerial",
    "MatchCapacity",
    "BatchGet",
];

#[test]
fn every_change_carries_a_request_id() -> Result {
    let mut broken = Vec::new();
    for (file, _) in files()? {
        for service in &file.service {
            for method in &service.method {
                let reads = READS.iter().any(|read| method.name().starts_with(read));
                // The inbox knows what it has seen by subject and sequence.
                if reads || method.name() == "Deliver" {
                    continue;
                }
                let request = method.input_type().rsplit('.').next().unwrap_or_default();
                let message = file
                    .message_type
                    .iter()
                    .find(|message| message.name() == request);
                let carries = message.is_some_and(|message| {
                    message
                        .field
                        .iter()
                        .any(|field| ["request_id", "import_id"].contains(&field.name()))
                });
                if !carries {
                    broken.push(format!(
                        "{}.{} takes a {request} without request_id",
                        service.name(),
                        method.name()
                    ));
                }
            }
        }
    }
    all_hold("a change can be repeated safely", &broken)
}

#[test]
fn every_list_comes_in_pages() -> Result {
    let mut broken = Vec::new();
    for (file, _) in files()? {
        for service in &file.service {
            for method in service
                .method
                .iter()
                .filter(|method| method.name().starts_with("List"))
            {
                let has = |message: &str, field: &str| {
                    let message = file
                        .message_type
                        .iter()
                        .find(|one| message.ends_with(&format!(".{}", one.name())));
                    message
                        .is_some_and(|message| message.field.iter().any(|one| one.name() == field))
                };
                let (input, output) = (method.input_type(), method.output_type());
                let paged = has(input, "page_token") && has(output, "next_page_token");
                // The log of facts is read by its positions, which are the cursors.
                let by_position = has(input, "after_position");
                // A short list that never grows with the business needs no pages.
                let is_short =
                    ["ListMilestones", "ListShops", "ListLines"].contains(&method.name());
                // A stream is cut into messages that the caller takes at its own pace.
                let is_stream = method.server_streaming();
                if !(is_stream || has(input, "page_size") && (paged || by_position) || is_short) {
                    broken.push(format!("{}.{}", service.name(), method.name()));
                }
            }
        }
    }
    all_hold(
        "a list has page_size, page_token and next_page_token",
        &broken,
    )
}
