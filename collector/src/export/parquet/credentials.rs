//! As whom the collector signs: keys of the settings, else what the environment of AWS gives to programs there (variables, a role of a pod, a task or a
//! machine). `object_store` knows how each is asked; it asks by the HTTP client that all destinations share.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use anyhow::Result;
use http_body_util::{BodyExt as _, Full};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key, AwsCredentialProvider};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, RetryConfig};

use crate::config::{Remote, S3};
use crate::export::destination::{Outcome, Reason};
use crate::export::http::Http;
use crate::export::pack::Packed;
use crate::export::reach;

/// What gives credentials answers shortly; a token is a few KiB.
const MAX_ANSWER: usize = 256 * 1024;

/// What AWS has in a program's environment.
const ENVIRONMENT: [(&str, Key); 11] = [
    ("AWS_ACCESS_KEY_ID", Key::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", Key::SecretAccessKey),
    ("AWS_SESSION_TOKEN", Key::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", Key::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", Key::RoleArn),
    ("AWS_ROLE_SESSION_NAME", Key::RoleSessionName),
    ("AWS_ENDPOINT_URL_STS", Key::StsEndpoint),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        Key::ContainerCredentialsRelativeUri,
    ),
    (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        Key::ContainerCredentialsFullUri,
    ),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        Key::ContainerAuthorizationTokenFile,
    ),
    ("AWS_METADATA_ENDPOINT", Key::MetadataEndpoint),
];

/// Where a bucket's credentials come from; `environment` looks up a variable.
pub(super) fn provider(
    settings: &S3,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<AwsCredentialProvider> {
    let timeout = settings.remote.timeout;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(&settings.region)
        .with_http_connector(House { timeout })
        // A batch that could not be signed is tried again, as one that was not taken.
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        });
    match &settings.keys {
        Some(keys) => {
            builder = builder
                .with_access_key_id(keys.id.reveal())
                .with_secret_access_key(keys.secret.reveal());
            if let Some(token) = &keys.token {
                builder = builder.with_token(token.reveal());
            }
        }
        None => {
            for (name, key) in ENVIRONMENT {
                if let Some(value) = environment(name).filter(|it| !it.is_empty()) {
                    builder = builder.with_config(key, value);
                }
            }
        }
    }
    Ok(builder.build()?.credentials().clone())
}

/// Makes clients as the collector has them: rustls, the built-in roots, no proxy.
#[derive(Debug)]
struct House {
    timeout: Duration,
}

impl HttpConnector for House {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let remote = Remote {
            timeout: self.timeout,
            // Of no meaning: each request says where it goes.
            ..Remote::new(http::Uri::from_static("http://127.0.0.1"))
        };
        match Http::new(&remote, MAX_ANSWER) {
            Ok(http) => Ok(HttpClient::new(Asker { http })),
            Err(error) => Err(object_store::Error::Generic {
                store: "S3",
                source: error.into(),
            }),
        }
    }
}

struct Asker {
    http: Http,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
    }
}

impl HttpService for Asker {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = Packed::plain(body.collect().await?.to_bytes());
            let headers: Vec<_> = (head.headers.iter())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let asked = self.http.ask(head.method, &head.uri, &headers, body).await;
            let answer = asked.map_err(|outcome| lost(&outcome))?;
            let body = Full::new(answer.body).map_err(|never| match never {});
            let mut response = HttpResponse::new(HttpResponseBody::new(body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}

/// No answer came.
fn lost(outcome: &Outcome) -> HttpError {
    let code = match outcome {
        Outcome::Retry {
            reason: Reason { code, .. },
            ..
        } => code.as_str(),
        _ => "connection lost",
    };
    let kind = match code {
        "timeout" => HttpErrorKind::Timeout,
        code if code.starts_with(reach::NONE) => HttpErrorKind::Connect,
        _ => HttpErrorKind::Interrupted,
    };
    HttpError::new(kind, std::io::Error::other(code.to_owned()))
}
