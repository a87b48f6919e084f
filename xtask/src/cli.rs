//! The command line: what can be asked, and the help that says so.

use std::ffi::OsString;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use crate::backend::Backend;
use crate::demo;

pub const HELP: &str = "\
cargo xtask <COMMAND>

  setup [--engines LIST]         get what is missing: wasm target, npm packages, a browser, rustfmt, clippy
  demo [--drive] [--backend NAME] [--otlp URL]
                                 build all, start the collector and the example shop, print the address;
                                 --drive: a headless browser uses the shop, and every item must arrive
  check                          formatting, lints, house rules, licences, types; runs no test
  test [--full] [--only DOOR]…   every test of every door; --full adds the large counts and long runs
  e2e [--engines LIST] [NAME]…   the browser tests whose file names contain NAME
  sdk                            build npm/web/dist, and the adapters that the crate carries for apps in Rust
  rust-app                       build examples/yew as its users would, into target/yew/app
  interop [--full] [NAME]…       the collector against the servers that people run: prometheus, loki, …
  backend NAME                   one of the shop's other backends alone, with its stores: node, python, spring
  size [--json|--parts|--write]  raw, gzip and brotli of each artefact; what each part of it costs
  bench sdk|collector|all|attack|queue|k6
                                 every figure beside its bar
  fuzz [--runs N] [TARGET]…      the fuzzer over every parser that bytes from outside can reach
  dist                           what operators install: a static collector, service and container files, one archive

Run `cargo xtask <COMMAND> --help` for more about one command.";

const SETUP: &str = "\
cargo xtask setup [--engines LIST]

Gets what is missing, a line a step; what is there already is left alone: the wasm target, npm packages, a browser, rustfmt and clippy.

  --engines LIST   browsers to find, by commas: chromium, firefox, webkitgtk (default: chromium)

A browser is looked for in this order: FAROL_CHROMIUM (FAROL_FIREFOX, FAROL_WEBKIT), installed ones, Playwright's
download, the packages of Debian and its children (as root). FAROL_WASM_TOOLCHAIN=rustup|debian chooses where the
wasm target comes from; without it rustup is tried first.";

const DEMO: &str = "\
cargo xtask demo [--drive] [--backend NAME] [--otlp URL]

Builds SDK, collector, shop and backend, starts them, and prints the shop's address; what arrives is shown as it
comes. Ctrl-C ends all of it. Ports 12347 (collector) and 8080 (shop) are used where they are free, others where not.

  --drive   a headless browser uses the shop instead of a person; exit code 0 only if every kind of item came through
            the collector to its OTLP files and no sequence number is missing
  --backend NAME   another backend behind the shop: node (Express), python (FastAPI), spring (Spring Boot), each with a worker, on PostgreSQL and
            Redis of its own; its spans, logs and metrics go to the same collector, so that an order is one trace from the click to the database
  --otlp URL       the collector also sends all of it there by OTLP over HTTP, e.g. http://127.0.0.1:4318 of a Jaeger";

const BACKEND: &str = "\
cargo xtask backend NAME [--port N] [--otlp URL]

Starts PostgreSQL and Redis as private processes, a backend of examples/backends and its worker, and prints its address. Ctrl-C ends all of it.

  NAME         node, python, spring
  --port N     where it listens on 127.0.0.1 (default: a free one)
  --otlp URL   where its spans, logs and metrics go by OTLP over HTTP (default: nowhere)

What it needs is got at the first time; `farol-shop --api URL` and `npm run dev` can be pointed at it.";

const TEST: &str = "\
cargo xtask test [--full] [--only DOOR]…

  --full        also the tests with large counts and long runs (they see FAROL_FULL=1)
  --only DOOR   this door alone; may be given several times
  doors         format, tidy, licences, lint, rust, sdk, types, node, size, packaging, e2e, backends, long, interop, fuzz

The browser tests run whole in Chromium, and their smoke tests in Firefox and WebKitGTK (whole with --full). An engine that this machine
has not, and that cannot be installed here, is said to be not run, as are the tests that need haproxy, PostgreSQL or Redis; with --full, and
where CI is set, that is a failure. Servers and tools of the doors node, interop and fuzz that are not at hand are said too; --full builds them.

The last line says `N passed, N failed`.";

const E2E: &str = "\
cargo xtask e2e [--engines LIST] [--full] [NAME]…

Builds what is stale (SDK, collector, shop, front end in Rust), then runs the browser tests whose file names contain one of the NAMEs, once in each
engine. tests/e2e/cases.tsv says which case runs where, and why one does not.

  --engines LIST   chromium, firefox, webkitgtk, by commas (default: chromium)
  --full           the large counts and long runs too (FAROL_FULL=1)";

const SIZE: &str = "\
cargo xtask size [--json | --parts | --write]

Raw, gzip -9 and brotli -11 bytes of every file in npm/web/dist, beside Faro's and web-vitals' own bundles.

  --json    [{\"artefact\",\"raw\",\"gzip\",\"brotli\"}]
  --parts   what farol.js is made of: each adapter, each module of the core
  --write   renew the tables in docs/size.md; `cargo xtask test` fails where it is not true any more";

const BENCH: &str = "\
cargo xtask bench sdk|collector|all|attack|queue|k6 [--json] [OPTION]…

  sdk         the SDK in a page, beside Faro's
  collector   payloads a CPU-second, also beside a dead destination, then the highest rate in an open loop, latency at half of it, and many connections;
              --throughput, --latency or --connections for one of them, --full for rates that are held for a minute
  all         every kind of destination at once but Kafka, for a minute; every item at each of them by its id, memory, conversions; --rate N (3000), --seconds N (60)
  attack      what others feel while the collector is attacked, and what it holds; names choose some of the attacks
  queue       the queue's log beside embedded stores; --rounds N, --records N, and no --json
  k6          k6 at a constant rate, bodies of 20 KB, against the objectives of docs/slo.md; --seconds N (60), --rate N (600)

Other options go to the benchmark itself: `bench sdk --rounds 3`.";

const FUZZ: &str = "\
cargo xtask fuzz [--runs N] [TARGET]…

Runs libFuzzer over the targets of tests/fuzz, from their seeds on; what it finds is an error and stays below fuzz/artifacts.

  --runs N   of each target (default: 1000000; `test --full`: 10000000)";

const INTEROP: &str = "\
cargo xtask interop [--full] [NAME]…

Finds each server (FAROL_INTEROP_BIN, then PATH, then the cache), else builds it into the cache by its recipe in tests/interop/servers, which
takes minutes; says its version; sends what browsers sent through a collector into it; asks the server and compares item by item. Each goes through
faults as well: busy, broken, slow, cut off, answers lost, one item refused for good, stopped under load.

  NAME                  a folder of tests/interop/servers; several may be given (default: all)
  --full                servers are away for a minute, and under more load (FAROL_FULL=1)
  FAROL_INTEROP_CACHE   the cache (default: farol-interop in the user's cache folder)
  FAROL_COLLECTOR       the collector to test instead of the release build (and FAROL_SHOP the shop)

What browsers sent is driven in Chromium, which is set up as by `cargo xtask setup`. `cargo xtask test` runs those that are at hand.";

#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    Help(&'static str),
    Setup {
        engines: Vec<String>,
    },
    Demo(demo::Options),
    Backend {
        which: Backend,
        port: u16,
        otlp: Option<String>,
    },
    Check,
    Test(TestOptions),
    Sdk,
    RustApp,
    Size(Format),
    Bench {
        what: String,
        rest: Vec<OsString>,
    },
    Dist,
    Interop {
        full: bool,
        names: Vec<String>,
    },
    Fuzz {
        runs: u64,
        names: Vec<String>,
    },
    E2e(E2eOptions),
}

/// How `size` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Table,
    Json,
    Parts,
    Write,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct TestOptions {
    pub full: bool,
    pub only: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct E2eOptions {
    pub engines: Vec<String>,
    pub full: bool,
    pub names: Vec<String>,
}

pub const ENGINES: [&str; 3] = ["chromium", "firefox", "webkitgtk"];

pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command> {
    let mut args = lexopt::Parser::from_iter(args);
    let command = match args.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Command::Help(HELP)),
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected().into()),
    };
    match command.as_str() {
        "help" => Ok(Command::Help(HELP)),
        "setup" => setup(&mut args),
        "demo" => {
            let mut options = demo::Options::default();
            while let Some(arg) = args.next()? {
                match arg {
                    Long("drive") => options.drive = true,
                    Long("backend") => {
                        options.backend = Some(Backend::named(&args.value()?.string()?)?);
                    }
                    Long("otlp") => options.otlp = Some(args.value()?.string()?),
                    Short('h') | Long("help") => return Ok(Command::Help(DEMO)),
                    other => return Err(other.unexpected().into()),
                }
            }
            Ok(Command::Demo(options))
        }
        "backend" => backend(&mut args),
        "check" => plain(&mut args, Command::Check),
        "sdk" => plain(&mut args, Command::Sdk),
        "rust-app" => plain(&mut args, Command::RustApp),
        "dist" => plain(&mut args, Command::Dist),
        "test" => test(&mut args),
        "e2e" => e2e(&mut args),
        "size" => {
            let mut format = Format::Table;
            while let Some(arg) = args.next()? {
                match arg {
                    Long("json") => format = Format::Json,
                    Long("parts") => format = Format::Parts,
                    Long("write") => format = Format::Write,
                    Short('h') | Long("help") => return Ok(Command::Help(SIZE)),
                    other => return Err(other.unexpected().into()),
                }
            }
            Ok(Command::Size(format))
        }
        "bench" => bench(&mut args),
        "fuzz" => fuzz(&mut args),
        "interop" => interop(&mut args),
        other => bail!("there is no command `{other}`"),
    }
}

fn plain(args: &mut lexopt::Parser, command: Command) -> Result<Command> {
    match args.next()? {
        None => Ok(command),
        Some(Short('h') | Long("help")) => Ok(Command::Help(HELP)),
        Some(other) => Err(other.unexpected().into()),
    }
}

fn setup(args: &mut lexopt::Parser) -> Result<Command> {
    let mut engines = default_engines();
    while let Some(arg) = args.next()? {
        match arg {
            Long("engines") => engines = engine_list(&args.value()?.string()?)?,
            Short('h') | Long("help") => return Ok(Command::Help(SETUP)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Setup { engines })
}

fn test(args: &mut lexopt::Parser) -> Result<Command> {
    let mut options = TestOptions::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("full") => options.full = true,
            Long("only") => options.only.push(args.value()?.string()?),
            Short('h') | Long("help") => return Ok(Command::Help(TEST)),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Test(options))
}

fn e2e(args: &mut lexopt::Parser) -> Result<Command> {
    let mut options = E2eOptions {
        engines: default_engines(),
        full: false,
        names: Vec::new(),
    };
    while let Some(arg) = args.next()? {
        match arg {
            Long("engines") => options.engines = engine_list(&args.value()?.string()?)?,
            Long("full") => options.full = true,
            Short('h') | Long("help") => return Ok(Command::Help(E2E)),
            Value(name) => options.names.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::E2e(options))
}

fn bench(args: &mut lexopt::Parser) -> Result<Command> {
    let what = match args.next()? {
        Some(Value(what)) => what.string()?,
        _ => return Ok(Command::Help(BENCH)),
    };
    if !["sdk", "collector", "all", "attack", "queue", "k6"].contains(&what.as_str()) {
        bail!(
            "there is no benchmark `{what}`; there are sdk, collector, all, attack, queue and k6"
        );
    }
    let rest: Vec<OsString> = args.raw_args()?.collect();
    if rest.iter().any(|arg| arg == "--help" || arg == "-h") {
        return Ok(Command::Help(BENCH));
    }
    Ok(Command::Bench { what, rest })
}

fn backend(args: &mut lexopt::Parser) -> Result<Command> {
    let (mut which, mut port, mut otlp) = (None, 0, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("port") => port = args.value()?.parse()?,
            Long("otlp") => otlp = Some(args.value()?.string()?),
            Short('h') | Long("help") => return Ok(Command::Help(BACKEND)),
            Value(name) if which.is_none() => which = Some(Backend::named(&name.string()?)?),
            other => return Err(other.unexpected().into()),
        }
    }
    match which {
        Some(which) => Ok(Command::Backend { which, port, otlp }),
        None => Ok(Command::Help(BACKEND)),
    }
}

fn fuzz(args: &mut lexopt::Parser) -> Result<Command> {
    let (mut runs, mut names) = (crate::fuzz::RUNS, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("runs") => runs = args.value()?.parse()?,
            Short('h') | Long("help") => return Ok(Command::Help(FUZZ)),
            Value(name) => names.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Fuzz { runs, names })
}

fn interop(args: &mut lexopt::Parser) -> Result<Command> {
    let (mut full, mut names) = (false, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("full") => full = true,
            Short('h') | Long("help") => return Ok(Command::Help(INTEROP)),
            Value(name) => names.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Command::Interop { full, names })
}

fn default_engines() -> Vec<String> {
    vec![ENGINES[0].to_owned()]
}

fn engine_list(text: &str) -> Result<Vec<String>> {
    let engines: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if let Some(unknown) = engines
        .iter()
        .find(|name| !ENGINES.contains(&name.as_str()))
    {
        bail!(
            "there is no engine `{unknown}`; there are {}",
            ENGINES.join(", ")
        );
    }
    Ok(engines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn without_a_command_the_help_is_shown() {
        assert_eq!(parsed("xtask").unwrap(), Command::Help(HELP));
    }

    #[test]
    fn doors_and_engines_are_read() {
        assert_eq!(
            parsed("xtask test --only tidy --only e2e").unwrap(),
            Command::Test(TestOptions {
                full: false,
                only: vec!["tidy".to_owned(), "e2e".to_owned()]
            })
        );
        let Command::E2e(options) = parsed("xtask e2e --engines firefox,chromium smoke").unwrap()
        else {
            panic!("not e2e")
        };
        assert_eq!(options.engines, ["firefox", "chromium"]);
        assert_eq!(options.names, ["smoke"]);
    }

    #[test]
    fn what_does_not_exist_is_named_in_the_error() {
        for (line, named) in [
            ("xtask tests", "tests"),
            ("xtask e2e --engines opera", "opera"),
            ("xtask bench disk", "disk"),
            ("xtask demo --backend cobol", "cobol"),
            ("xtask sdk --fast", "--fast"),
        ] {
            let error = parsed(line).unwrap_err().to_string();
            assert!(error.contains(named), "{line}: {error}");
        }
    }

    #[test]
    fn a_benchmark_gets_the_options_that_are_its_own() {
        assert_eq!(
            parsed("xtask bench sdk --json --rounds 3").unwrap(),
            Command::Bench {
                what: "sdk".to_owned(),
                rest: ["--json", "--rounds", "3"].map(OsString::from).to_vec()
            }
        );
    }
}
