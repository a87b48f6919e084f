//! The command line, as typed and as valid. Five flags do not need a parser crate.

use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
farol-shop: the backend of Farol's example shop

Usage: farol-shop [FLAGS]

  --listen ADDR        serve the shop here           (default 127.0.0.1:8080; port 0 takes a free one)
  --other-listen ADDR  serve the second origin here  (default 127.0.0.1:0)
  --static DIR         the built single-page app     (default examples/spa/dist)
  --collector URL      the collector's base URL, written into the pages  (default http://127.0.0.1:12347)
  --api URL            another backend that answers /api, e.g. http://127.0.0.1:8090
  --otlp URL           also export spans by OTLP/HTTP, e.g. http://127.0.0.1:4318/v1/traces
  --quiet              no line for each request
  --help               this text";

/// The collector's address where none is given, which is also the one that stands in the pages' source.
pub const DEFAULT_COLLECTOR: &str = "http://127.0.0.1:12347";

/// Settings of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// Address of the shop itself.
    pub listen: String,
    /// Address of the second origin.
    pub other_listen: String,
    /// Folder of the built pages.
    pub static_dir: PathBuf,
    /// The collector that the pages report to.
    pub collector: String,
    /// Where spans are exported, if anywhere.
    pub otlp: Option<String>,
    /// Host and port of another backend that answers /api, if any.
    pub api: Option<String>,
    /// Whether to keep quiet about each request.
    pub quiet: bool,
}

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Print the help and end.
    Help,
    /// Serve.
    Run(Args),
}

impl Default for Args {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            other_listen: "127.0.0.1:0".to_owned(),
            static_dir: PathBuf::from("examples/spa/dist"),
            collector: DEFAULT_COLLECTOR.to_owned(),
            otlp: None,
            api: None,
            quiet: false,
        }
    }
}

impl Args {
    /// Reads the arguments after the program's name. The error is the line to show.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Asked, String> {
        let mut args = Self::default();
        let mut words = words;
        while let Some(word) = words.next() {
            // Both `--flag value` and `--flag=value`.
            let (flag, inline) = match word.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (word, None),
            };
            match flag.as_str() {
                "--help" | "-h" => return Ok(Asked::Help),
                "--quiet" => {
                    args.quiet = true;
                    continue;
                }
                _ => {}
            }
            let mut value = || {
                inline
                    .clone()
                    .or_else(|| words.next())
                    .ok_or_else(|| format!("{flag} needs a value; see --help"))
            };
            match flag.as_str() {
                "--listen" => args.listen = value()?,
                "--other-listen" => args.other_listen = value()?,
                "--static" => args.static_dir = PathBuf::from(value()?),
                "--collector" => args.collector = url(&flag, &value()?)?,
                "--otlp" => args.otlp = Some(url(&flag, &value()?)?),
                "--api" => args.api = Some(host(&flag, &value()?)?),
                _ => return Err(format!("unknown argument {flag}; see --help")),
            }
        }
        Ok(Asked::Run(args))
    }
}

// The collector's URL is written into HTML and JavaScript, so what could end an attribute is refused here.
fn url(flag: &str, value: &str) -> Result<String, String> {
    let good = value.starts_with("http://") || value.starts_with("https://");
    if good
        && !value.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>`".contains(c))
    {
        Ok(value.trim_end_matches('/').to_owned())
    } else {
        Err(format!(
            "{flag} {value}: must be an http:// or https:// URL"
        ))
    }
}

// A backend beside the shop is asked by plain HTTP and answers at the root.
fn host(flag: &str, value: &str) -> Result<String, String> {
    let host = value
        .strip_prefix("http://")
        .map(|it| it.trim_end_matches('/'));
    match host {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        }),
        _ => Err(format!("{flag} {value}: must be http://HOST:PORT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Asked, String> {
        Args::parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn no_argument_means_the_documented_defaults() {
        assert_eq!(parse(&[]), Ok(Asked::Run(Args::default())));
    }

    #[test]
    fn a_flag_takes_its_value_after_a_space_or_an_equals_sign() {
        let wanted = Args {
            listen: "127.0.0.1:0".into(),
            collector: "http://127.0.0.1:9".into(),
            ..Args::default()
        };
        assert_eq!(
            parse(&["--listen", "127.0.0.1:0", "--collector=http://127.0.0.1:9/"]),
            Ok(Asked::Run(wanted))
        );
    }

    #[test]
    fn another_backend_is_named_by_host_and_port() {
        let api = |value: &str| match parse(&["--api", value]) {
            Ok(Asked::Run(args)) => args.api,
            _ => None,
        };
        assert_eq!(
            api("http://127.0.0.1:8090/").as_deref(),
            Some("127.0.0.1:8090")
        );
        assert_eq!(api("http://backend").as_deref(), Some("backend:80"));
        assert_eq!(api("https://backend"), None);
        assert_eq!(api("http://backend/v2"), None);
    }

    #[test]
    fn a_wrong_word_is_named_in_the_message() {
        assert_eq!(
            parse(&["--port"]),
            Err("unknown argument --port; see --help".into())
        );
        assert_eq!(
            parse(&["--static"]),
            Err("--static needs a value; see --help".into())
        );
    }

    #[test]
    fn a_collector_that_could_break_out_of_the_page_is_refused() {
        assert!(parse(&["--collector", "http://x/\"><script>"]).is_err());
        assert!(parse(&["--collector", "javascript:alert(1)"]).is_err());
    }
}
