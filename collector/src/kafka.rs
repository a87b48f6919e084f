//! Kafka, as the destination and the source have it in common: how the cluster is reached, and what an error of its client says.

use krafka::KrafkaError;
use krafka::auth::{AuthConfig, PlainCredentials, TlsConfig};
use krafka::consumer::Consumer;
use krafka::error::ErrorCode;

use crate::config::{Brokers, Login, Mechanism, Tls};
use crate::export::reach;

/// What the collector calls itself to brokers.
pub(crate) const CLIENT: &str = "farol-collector";

/// The brokers as the client wants them.
pub(crate) fn bootstrap(brokers: &Brokers) -> String {
    brokers.addresses.join(",")
}

/// TLS and SASL, as they are set.
pub(crate) fn auth(brokers: &Brokers) -> krafka::Result<AuthConfig> {
    let secure = brokers.remote.endpoint.scheme_str() == Some("tls");
    let tls = secure.then(|| tls(&brokers.remote.tls)).transpose()?;
    let base = match (&brokers.login, &tls) {
        (None, None) => return Ok(AuthConfig::plaintext()),
        (None, Some(tls)) => return Ok(AuthConfig::ssl(tls.clone())),
        (Some(login), _) => sasl(login)?,
    };
    Ok(match tls {
        // Brokers know no channel binding, and refuse whoever asks for it as if the password were wrong.
        Some(tls) => base.with_tls(tls).with_scram_channel_binding(false),
        None => base,
    })
}

fn sasl(login: &Login) -> krafka::Result<AuthConfig> {
    let (user, password) = (login.user.as_str(), login.password.reveal());
    match login.mechanism {
        Mechanism::Plain => {
            // It says what no server could read.
            PlainCredentials::new(user, password)?;
            AuthConfig::sasl_plain(user, password)
        }
        Mechanism::Scram256 => Ok(AuthConfig::sasl_scram_sha256(user, password)),
        Mechanism::Scram512 => Ok(AuthConfig::sasl_scram_sha512(user, password)),
    }
}

fn tls(settings: &Tls) -> krafka::Result<TlsConfig> {
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let mut tls = match settings.insecure_skip_verify {
        true => TlsConfig::insecure(),
        false => TlsConfig::new(),
    };
    if let Some(file) = &settings.ca_file {
        tls = tls.with_ca_cert(path(file));
    }
    if let (Some(cert), Some(key)) = (&settings.cert_file, &settings.key_file) {
        tls = tls.with_client_cert(path(cert), path(key));
    }
    if let Some(name) = &settings.server_name {
        tls = tls.with_sni_hostname(name);
    }
    Ok(tls)
}

/// Which of these topics are not there, or not for this user. Asks a cluster and leaves nothing behind: neither topics nor a group.
pub(crate) async fn lacking(brokers: &Brokers, topics: &[String]) -> krafka::Result<Vec<String>> {
    let timeout = brokers.remote.timeout;
    let asked = async {
        let client = Consumer::builder()
            .bootstrap_servers(bootstrap(brokers))
            .client_id(CLIENT)
            .auth(auth(brokers)?)
            .enable_auto_commit(false)
            .allow_auto_create_topics(false)
            .connect_timeout(timeout)
            .request_timeout(timeout)
            .build()
            .await?;
        let mut lacking = Vec::new();
        for topic in topics {
            use ErrorCode::{TopicAuthorizationFailed, UnknownTopicOrPartition};
            match is_there(&client, topic).await {
                Ok(true) => {}
                Ok(false)
                | Err(KrafkaError::Broker {
                    code: TopicAuthorizationFailed | UnknownTopicOrPartition,
                    ..
                }) => lacking.push(topic.clone()),
                Err(error) => return Err(error),
            }
        }
        client.close().await?;
        Ok(lacking)
    };
    let told = tokio::time::timeout(timeout, asked).await;
    told.unwrap_or_else(|_| Err(KrafkaError::timeout("no answer")))
}

/// Whether a topic has partitions to read.
pub(crate) async fn is_there(client: &Consumer, topic: &str) -> krafka::Result<bool> {
    let known = client.fetch_metadata(Some(topic)).await?;
    Ok(known.topics.iter().any(|it| !it.partitions.is_empty()))
}

/// An error in words of a small set, fit for a log line: `kafka message_too_large`, `timeout`, `no connection`.
pub(crate) fn code(error: &KrafkaError) -> String {
    match error {
        KrafkaError::Broker { code, .. } => format!("kafka {}", snake(&format!("{code:?}"))),
        KrafkaError::Network(error) => reach::word(&**error).to_owned(),
        KrafkaError::Timeout { .. } => "timeout".to_owned(),
        KrafkaError::Auth { .. } => "kafka authentication".to_owned(),
        KrafkaError::Config { .. } => "kafka settings".to_owned(),
        KrafkaError::Protocol { .. } => "kafka protocol".to_owned(),
        _ => "kafka client".to_owned(),
    }
}

/// `MessageTooLarge` as `message_too_large`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_word_of_a_small_set_and_no_address() {
        let error = KrafkaError::Broker {
            code: ErrorCode::MessageTooLarge,
            message: "kafka.internal:9092".into(),
        };
        assert_eq!(code(&error), "kafka message_too_large");
        let refused = std::io::Error::other("kafka.internal:9092");
        let error = KrafkaError::Network(std::sync::Arc::new(refused));
        assert_eq!(code(&error), "no connection");
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let error = KrafkaError::Network(std::sync::Arc::new(refused));
        assert_eq!(code(&error), "no connection, refused");
    }
}
