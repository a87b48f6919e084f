use std::sync::{Arc, Mutex};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;

use super::*;
use crate::config::Secret;
use crate::export::batch::Source;
use crate::export::fake::authority::{authority, tls};
use crate::export::fake::remote;
use crate::export::samples;

type Answer = Result<ExportLogsServiceResponse, Status>;

struct Server {
    answers: Mutex<Vec<Option<Answer>>>,
    seen: mpsc::UnboundedSender<Request<ExportLogsServiceRequest>>,
}

#[tonic::async_trait]
impl LogsService for Server {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, Status> {
        self.seen.send(request).expect("the test listens");
        let answer = self.answers.lock().unwrap().pop();
        match answer {
            None => Ok(tonic::Response::new(ExportLogsServiceResponse::default())),
            Some(Some(answer)) => answer.map(tonic::Response::new),
            Some(None) => std::future::pending().await,
        }
    }
}

struct Fake {
    remote: OtlpRemote,
    seen: mpsc::UnboundedReceiver<Request<ExportLogsServiceRequest>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Gives one answer (`None`: never answers), then takes all.
async fn fake(answer: Option<Answer>, limit: usize) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, seen) = mpsc::unbounded_channel();
    let service = LogsServiceServer::new(Server {
        answers: Mutex::new(vec![answer]),
        seen: sender,
    });
    let service = service
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(limit);
    let serve = tonic::transport::Server::builder()
        .add_service(service)
        .serve_with_incoming(TcpIncoming::from(listener));
    Fake {
        remote: remote(&format!("http://{address}/ignored")),
        seen,
        task: tokio::spawn(async move { serve.await.unwrap() }),
    }
}

fn logs() -> Batch {
    let sources = ["a", "b"].map(|body| Source::Record(samples::log("shop", body).into()));
    Batch::new(Signal::Logs, sources.into())
}

const LIMIT: usize = 4 << 20;

async fn outcome(answer: Answer) -> Outcome {
    let fake = fake(Some(answer), LIMIT).await;
    OtlpGrpc::new(&fake.remote).unwrap().send(&logs()).await
}

#[tokio::test]
async fn a_batch_is_one_call_with_the_operators_metadata_whatever_the_compression() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut fake = fake(Some(Ok(ExportLogsServiceResponse::default())), LIMIT).await;
        fake.remote.compression = compression;
        fake.remote.remote.headers = vec![(
            HeaderName::from_static("authorization"),
            Secret::new("Bearer x"),
        )];
        let destination = OtlpGrpc::new(&fake.remote).unwrap();
        assert_eq!(destination.send(&logs()).await, Outcome::accepted());
        let seen = fake.seen.recv().await.unwrap();
        assert_eq!(seen.metadata().get("authorization").unwrap(), "Bearer x");
        assert!(seen.metadata().contains_key("grpc-timeout"));
        let request = seen.into_inner();
        assert_eq!(request.resource_logs.len(), 1);
        assert_eq!(request.resource_logs[0].scope_logs[0].log_records.len(), 2);
    }
}

#[tokio::test]
async fn partial_success_is_read() {
    let partial = ExportLogsServiceResponse {
        partial_success: Some(ExportLogsPartialSuccess {
            rejected_log_records: 1,
            error_message: "too old".into(),
        }),
    };
    let want = Outcome::Accepted {
        rejected: 1,
        reason: Some(Reason::new("partial success", "too old")),
    };
    assert_eq!(outcome(Ok(partial)).await, want);
}

#[tokio::test]
async fn a_busy_server_says_when_to_come_again() {
    for code in [Code::Unavailable, Code::ResourceExhausted] {
        let details = RpcStatus::asking("busy", 9).encode_to_vec();
        let status = Status::with_details(code, "busy", details.into());
        let want = Outcome::Retry {
            after: Some(Duration::from_secs(9)),
            suspect: false,
            reason: Reason::new(format!("grpc {}", name(code)), "busy"),
        };
        assert_eq!(outcome(Err(status)).await, want);
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_batch_is_told_from_what_is_wrong_with_the_server_or_the_settings() {
    let bad = outcome(Err(Status::invalid_argument("record 7"))).await;
    assert_eq!(
        bad,
        Outcome::Refused(Reason::new("grpc invalid_argument", "record 7"))
    );
    for status in [Status::internal("x"), Status::unknown("x")] {
        let found = outcome(Err(status)).await;
        assert!(
            matches!(found, Outcome::Retry { suspect: true, .. }),
            "{found:?}"
        );
    }
    for status in [
        // A quota says it of whatever is sent.
        Status::resource_exhausted("RATE_LIMITED: ingestion rate limit exceeded"),
        Status::resource_exhausted("the tenant exceeds the maximum of its quota"),
        Status::unauthenticated("x"),
        Status::permission_denied("x"),
        Status::unimplemented("x"),
        Status::deadline_exceeded("x"),
        Status::aborted("x"),
    ] {
        let found = outcome(Err(status)).await;
        assert!(
            matches!(
                found,
                Outcome::Retry {
                    suspect: false,
                    after: None,
                    ..
                }
            ),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn a_message_above_the_servers_limit_is_refused_so_that_it_is_divided() {
    let fake = fake(None, 16).await;
    let found = OtlpGrpc::new(&fake.remote).unwrap().send(&logs()).await;
    assert!(matches!(found, Outcome::Refused(_)), "{found:?}");
    // In the words of Go, Java, .NET and Node, and what a message says that is packed.
    for words in [
        "grpc: received message larger than max (5000000 vs. 4194304)",
        "grpc: received message after decompression larger than max 4194304",
        "gRPC message exceeds maximum size 4194304: 5000000",
        "Decompressed gRPC message exceeds maximum size 4194304",
        "Received message exceeds the maximum configured message size.",
        "Received message that decompresses to a size larger than 4194304",
        "Error decompressing: size limit, of 4194304 bytes, exceeded while decompressing message",
    ] {
        let found = outcome(Err(Status::resource_exhausted(words))).await;
        assert!(matches!(found, Outcome::Refused(_)), "{found:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_one_timeout() {
    let mut fake = fake(None, LIMIT).await;
    fake.remote.remote.timeout = Duration::from_millis(200);
    let destination = OtlpGrpc::new(&fake.remote).unwrap();
    let found = destination.send(&logs()).await;
    assert_eq!(found, Outcome::retry(Reason::code("timeout")));
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let destination = OtlpGrpc::new(&remote(&format!("http://{address}"))).unwrap();
    let found = destination.send(&logs()).await;
    assert!(
        matches!(found, Outcome::Retry { suspect: false, .. }),
        "{found:?}"
    );
}

#[tokio::test]
async fn calls_go_over_tls_with_a_certificate_of_our_own_authority() {
    let authority = authority(false);
    let mut config = authority.server.clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let routes = Routes::new(LogsServiceServer::new(Server {
        answers: Mutex::default(),
        seen: sender,
    }));
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
        let service = TowerToHyperService::new(routes.into_axum_router());
        let _ = auto::Builder::new(TokioExecutor::new())
            .serve_connection(stream, service)
            .await;
    });
    let mut settings = remote(&format!("https://{address}"));
    settings.remote.tls = tls(authority.folder.path(), false);
    let destination = OtlpGrpc::new(&settings).unwrap();
    assert_eq!(destination.send(&logs()).await, Outcome::accepted());
    assert!(seen.recv().await.is_some());
    server.abort();
}
