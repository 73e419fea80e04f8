//! Reflection as tools use it, in both versions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a test may fail loudly and start what it tests"
)]

mod probe;

use prost::Message;
use prost_types::FileDescriptorProto;
use takt_service::config::Chassis;

macro_rules! version {
    ($version:ident) => {
        #[tokio::test]
        async fn $version() {
            use tonic_reflection::pb::$version::{
                ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
                server_reflection_request::MessageRequest as Ask,
                server_reflection_response::MessageResponse as Answer,
            };
            let server = probe::Running::start(Chassis::default()).await;
            let mut client = ServerReflectionClient::new(server.peer().channel());
            let ask = |message| ServerReflectionRequest {
                host: "here".to_owned(),
                message_request: Some(message),
            };
            let questions = vec![
                ask(Ask::ListServices(String::new())),
                ask(Ask::FileContainingSymbol(
                    "takt.test.v1.ProbeService".to_owned(),
                )),
                ask(Ask::FileContainingSymbol(
                    "google.rpc.BadRequest".to_owned(),
                )),
                ask(Ask::FileByFilename(
                    "takt/test/v1/probe_service.proto".to_owned(),
                )),
                ask(Ask::FileContainingSymbol("no.such.Thing".to_owned())),
                ask(Ask::AllExtensionNumbersOfType(
                    "google.rpc.BadRequest".to_owned(),
                )),
            ];
            let mut answers = client
                .server_reflection_info(futures_util::stream::iter(questions))
                .await
                .unwrap()
                .into_inner();
            let mut next = async || {
                answers
                    .message()
                    .await
                    .unwrap()
                    .unwrap()
                    .message_response
                    .unwrap()
            };

            let Answer::ListServicesResponse(services) = next().await else {
                panic!("a list of services");
            };
            let names: Vec<_> = services
                .service
                .into_iter()
                .map(|service| service.name)
                .collect();
            assert_eq!(
                names,
                [
                    "grpc.health.v1.Health",
                    "takt.test.v1.ProbeService",
                    "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection",
                ]
            );
            for file in [
                "takt/test/v1/probe_service.proto",
                "error_details.proto",
                "takt/test/v1/probe_service.proto",
            ] {
                let Answer::FileDescriptorResponse(answer) = next().await else {
                    panic!("a file");
                };
                let encoded = answer.file_descriptor_proto.first().unwrap();
                let found = FileDescriptorProto::decode(encoded.as_slice()).unwrap();
                assert_eq!(found.name(), file);
            }
            // What is not there is an answer, and the stream goes on.
            let Answer::ErrorResponse(error) = next().await else {
                panic!("an error");
            };
            assert_eq!(error.error_code, 5);
            assert!(matches!(
                next().await,
                Answer::AllExtensionNumbersResponse(_)
            ));
            server.stopped().await;
        }
    };
}

version!(v1);
version!(v1alpha);
