//! Descriptor sets as they were compiled: slices of the binary, read where they lie.
//!
//! It must not know gRPC. Invariants: nothing of a set is kept decoded, because three services with two versions of
//! reflection would keep it six times; a file of the same name counts once, the first wins.

use std::collections::HashSet;

use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint},
};
use prost_types::{DescriptorProto, FileDescriptorProto};

/// Some descriptor sets; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Descriptors {
    files: Vec<&'static [u8]>,
}

impl Descriptors {
    /// The files of these sets and of what every server serves beside its own: health, reflection and the details of
    /// errors, which clients want to decode.
    pub fn new(sets: &[&'static [u8]]) -> Self {
        let own: [&'static [u8]; 4] = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
            tonic_types::pb::FILE_DESCRIPTOR_SET,
        ];
        let mut known = HashSet::new();
        let mut files = Vec::new();
        for set in sets.iter().copied().chain(own) {
            for file in files_of(set) {
                if decode(file).is_some_and(|file| known.insert(file.name().to_owned())) {
                    files.push(file);
                }
            }
        }
        Self { files }
    }

    /// The encoded file with this number, in the order of [`Descriptors::each_file`].
    pub(crate) fn encoded(&self, number: usize) -> Option<&'static [u8]> {
        self.files.get(number).copied()
    }

    /// Shows every file decoded, one after the other, so that only one is in memory.
    pub(crate) fn each_file(&self, mut see: impl FnMut(usize, &FileDescriptorProto)) {
        for (number, encoded) in self.files.iter().enumerate() {
            if let Some(file) = decode(encoded) {
                see(number, &file);
            }
        }
    }

    /// Shows every method: service with its package, method, and whether either side streams.
    pub(crate) fn each_method(&self, mut see: impl FnMut(&str, &str, bool)) {
        self.each_file(|_, file| {
            for service in &file.service {
                let name = qualified(file.package(), service.name());
                for method in &service.method {
                    let streaming = method.client_streaming() || method.server_streaming();
                    see(&name, method.name(), streaming);
                }
            }
        });
    }

    /// Shows every name that a file defines, with the number of the file.
    pub(crate) fn each_symbol(&self, mut see: impl FnMut(String, usize)) {
        self.each_file(|number, file| {
            let package = file.package();
            for service in &file.service {
                let name = qualified(package, service.name());
                for method in &service.method {
                    see(qualified(&name, method.name()), number);
                }
                see(name, number);
            }
            for message in &file.message_type {
                each_message(package, message, &mut |name| see(name, number));
            }
            for kind in &file.enum_type {
                see(qualified(package, kind.name()), number);
            }
            for extension in &file.extension {
                see(qualified(package, extension.name()), number);
            }
        });
    }
}

fn each_message(scope: &str, message: &DescriptorProto, see: &mut impl FnMut(String)) {
    let name = qualified(scope, message.name());
    for nested in &message.nested_type {
        each_message(&name, nested, see);
    }
    for kind in &message.enum_type {
        see(qualified(&name, kind.name()));
    }
    for field in &message.field {
        see(qualified(&name, field.name()));
    }
    for choice in &message.oneof_decl {
        see(qualified(&name, choice.name()));
    }
    see(name);
}

fn qualified(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}.{name}")
    }
}

fn decode(file: &[u8]) -> Option<FileDescriptorProto> {
    match FileDescriptorProto::decode(file) {
        Ok(file) => Some(file),
        Err(error) => {
            tracing::error!(%error, "a compiled descriptor cannot be read");
            None
        }
    }
}

/// The slices of a `FileDescriptorSet`, whose only field is `repeated FileDescriptorProto file = 1`.
fn files_of(set: &'static [u8]) -> Vec<&'static [u8]> {
    let mut rest = set;
    let mut files = Vec::new();
    while let Ok((1, WireType::LengthDelimited)) = decode_key(&mut rest) {
        let Ok(length) = decode_varint(&mut rest) else {
            break;
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((file, after)) = rest.split_at_checked(length) else {
            break;
        };
        files.push(file);
        rest = after;
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_once_with_its_methods_and_symbols() {
        let set = takt_contract::FILE_DESCRIPTOR_SET;
        let descriptors = Descriptors::new(&[set, set]);
        let mut names = Vec::new();
        descriptors.each_file(|_, file| names.push(file.name().to_owned()));
        let unique: HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(names.iter().any(|name| name == "error_details.proto"));

        let mut methods = Vec::new();
        descriptors.each_method(|service, method, _| methods.push(format!("{service}/{method}")));
        assert!(methods.contains(&"grpc.health.v1.Health/Check".to_owned()));
        assert!(
            methods
                .iter()
                .any(|name| name.starts_with("takt.delivery.v1.OrderService/"))
        );

        let mut symbols = Vec::new();
        descriptors.each_symbol(|name, _| symbols.push(name));
        assert!(symbols.contains(&"google.rpc.BadRequest.FieldViolation".to_owned()));
        assert!(symbols.contains(&"takt.common.v1.ReasonCode".to_owned()));
    }
}
