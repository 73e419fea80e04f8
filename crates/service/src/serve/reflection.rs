//! Server reflection, v1 for today's tools and v1alpha for those that never moved on.
//!
//! It must not know any service. Invariants: both versions answer from one index over the compiled descriptors, made when
//! the first tool asks and not before; only what this server serves is listed; what is not there is answered in
//! the stream, so that a tool may go on asking.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use futures_util::{StreamExt, stream::BoxStream};
use tonic::{Code, Request, Response, Status, Streaming};

use super::Descriptors;

/// What both versions answer from; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Reflection(Arc<Known>);

#[derive(Debug)]
struct Known {
    services: Vec<&'static str>,
    descriptors: Descriptors,
    index: OnceLock<Index>,
}

/// Numbers of files by name and by symbol.
#[derive(Debug, Default)]
struct Index {
    files: HashMap<String, usize>,
    symbols: HashMap<String, usize>,
}

/// A question in either version.
enum Question {
    File(String),
    Symbol(String),
    Extension(String),
    Extensions(String),
    Services,
}

/// An answer in either version.
enum Answer {
    File(Vec<u8>),
    Extensions(String),
    Services(Vec<&'static str>),
    None(Code, String),
}

impl Reflection {
    pub(super) fn new(services: Vec<&'static str>, descriptors: Descriptors) -> Self {
        Self(Arc::new(Known {
            services,
            descriptors,
            index: OnceLock::new(),
        }))
    }

    fn answer(&self, question: Option<Question>) -> Answer {
        match question {
            Some(Question::Services) => Answer::Services(self.0.services.clone()),
            Some(Question::File(name)) => self.file(self.index().files.get(&name), &name),
            Some(Question::Symbol(name)) => self.file(self.index().symbols.get(&name), &name),
            Some(Question::Extension(name)) => {
                Answer::None(Code::NotFound, format!("{name} has no extensions"))
            }
            Some(Question::Extensions(name)) => Answer::Extensions(name),
            None => Answer::None(
                Code::InvalidArgument,
                "the request asks nothing; set message_request".to_owned(),
            ),
        }
    }

    fn file(&self, number: Option<&usize>, name: &str) -> Answer {
        match number.and_then(|number| self.0.descriptors.encoded(*number)) {
            Some(encoded) => Answer::File(encoded.to_vec()),
            None => Answer::None(Code::NotFound, format!("{name} is not known here")),
        }
    }

    fn index(&self) -> &Index {
        self.0.index.get_or_init(|| {
            let mut index = Index::default();
            let descriptors = &self.0.descriptors;
            descriptors.each_file(|number, file| {
                index.files.insert(file.name().to_owned(), number);
            });
            descriptors.each_symbol(|symbol, number| {
                index.symbols.entry(symbol).or_insert(number);
            });
            index
        })
    }
}

/// The two versions differ in nothing but the names of their types.
macro_rules! version {
    ($version:ident) => {
        pub(super) mod $version {
            //! One version of the protocol.

            use tonic_reflection::pb::$version::{
                ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse,
                ListServiceResponse, ServerReflectionRequest, ServerReflectionResponse,
                ServiceResponse,
                server_reflection_request::MessageRequest,
                server_reflection_response::MessageResponse,
                server_reflection_server::{ServerReflection, ServerReflectionServer},
            };

            use super::{
                Answer, BoxStream, Question, Reflection, Request, Response, Status, StreamExt,
                Streaming,
            };

            pub(in crate::serve) fn service(
                reflection: Reflection,
            ) -> ServerReflectionServer<Reflection> {
                ServerReflectionServer::new(reflection)
            }

            fn question(message: MessageRequest) -> Question {
                match message {
                    MessageRequest::FileByFilename(name) => Question::File(name),
                    MessageRequest::FileContainingSymbol(name) => Question::Symbol(name),
                    MessageRequest::FileContainingExtension(extension) => {
                        Question::Extension(extension.containing_type)
                    }
                    MessageRequest::AllExtensionNumbersOfType(name) => Question::Extensions(name),
                    MessageRequest::ListServices(_) => Question::Services,
                }
            }

            fn answer(answer: Answer) -> MessageResponse {
                match answer {
                    Answer::File(file) => {
                        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                            file_descriptor_proto: vec![file],
                        })
                    }
                    Answer::Extensions(name) => {
                        MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                            base_type_name: name,
                            extension_number: Vec::new(),
                        })
                    }
                    Answer::Services(names) => {
                        let service = |name: &'static str| ServiceResponse {
                            name: name.to_owned(),
                        };
                        MessageResponse::ListServicesResponse(ListServiceResponse {
                            service: names.into_iter().map(service).collect(),
                        })
                    }
                    Answer::None(code, message) => MessageResponse::ErrorResponse(ErrorResponse {
                        error_code: i32::from(code),
                        error_message: message,
                    }),
                }
            }

            #[tonic::async_trait]
            impl ServerReflection for Reflection {
                type ServerReflectionInfoStream =
                    BoxStream<'static, Result<ServerReflectionResponse, Status>>;

                async fn server_reflection_info(
                    &self,
                    request: Request<Streaming<ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let reflection = self.clone();
                    let answers = request.into_inner().map(move |asked| {
                        let asked = asked?;
                        let found = asked.message_request.clone().map(question);
                        Ok(ServerReflectionResponse {
                            valid_host: asked.host.clone(),
                            message_response: Some(answer(reflection.answer(found))),
                            original_request: Some(asked),
                        })
                    });
                    Ok(Response::new(answers.boxed()))
                }
            }
        }
    };
}

version!(v1);
version!(v1alpha);
