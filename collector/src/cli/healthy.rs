//! `farol-collector healthy`: asks a collector that runs with these settings whether it lives. For container images, which hold this program and
//! no other client.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::queue::plain_address;
use crate::config::Config;
use crate::tail::follow::{head, reachable};

/// Orchestrators wait a few seconds; a collector that lives answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// The head of an answer; a longer one is somebody else's.
const MOST_BYTES: u64 = 16 << 10;

/// Where one answered that lives.
///
/// # Errors
/// When nobody does, or somebody else, or it cannot be asked in plain HTTP.
pub(super) fn ask(config: &Config) -> Result<SocketAddr> {
    let address = match plain_address(config) {
        Ok(address) => reachable(address),
        Err(setting) => bail!(
            "healthy asks over plain HTTP, and {setting} does not speak it; set an admin_listen that does, and start the collector with it"
        ),
    };
    // A free port is another one at each start.
    ensure!(
        address.port() != 0,
        "port 0 is a free one at each start, which nobody can ask at; name a port in admin_listen"
    );
    let remedy = || format!("nobody answers at {address}; does the collector run?");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(remedy)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /-/healthy HTTP/1.0\r\nhost: {address}\r\n\r\n").with_context(remedy)?;
    let status = head(&mut BufReader::new(stream.take(MOST_BYTES))).with_context(remedy)?;
    ensure!(
        status.contains(" 200 "),
        "{address} answers {status} to /-/healthy; is it farol-collector that listens there?"
    );
    Ok(address)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::config::Network;

    fn answered(answer: &'static str) -> Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let config = Config {
            admin_listen: Some(listener.local_addr().unwrap()),
            ..Config::default()
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = head(&mut BufReader::new(&stream)).unwrap();
                assert_eq!(request, "GET /-/healthy HTTP/1.0");
                stream.write_all(answer.as_bytes()).unwrap();
            });
            ask(&config)
        })
    }

    #[test]
    fn only_an_answer_of_200_is_a_life() {
        answered("HTTP/1.0 200 OK\r\n\r\nhealthy\n").unwrap();
        for (answer, expected) in [
            ("HTTP/1.0 503 Service Unavailable\r\n\r\n", "503"),
            ("", "does the collector run?"),
        ] {
            let error = format!("{:#}", answered(answer).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn where_it_cannot_be_asked_it_says_which_setting_would_help() {
        let network = Network::parse("127.0.0.1").unwrap();
        let spoken = Config {
            admin_listen: Some("127.0.0.1:9".parse().unwrap()),
            admin_proxy_protocol: vec![network],
            ..Config::default()
        };
        let free = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            ..Config::default()
        };
        for config in [spoken, free] {
            let error = ask(&config).unwrap_err().to_string();
            assert!(error.contains("admin_listen"), "{error}");
        }
    }
}
