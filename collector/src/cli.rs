//! Arguments → configuration → sockets → run → exit code. In the library, so that tests can give it arguments.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::background::LAST_WRITES;
use crate::boot::{Listeners, run_reloading};
use crate::config::{self, Config};
use crate::doctor;
use crate::export::setup;
use crate::memory::give_back_at_times;
use crate::tail::{Wanted, follow::follow};
use crate::telemetry::{TARGET, Traces};

mod arguments;
mod dead_letters;
mod files;
mod get;
mod healthy;
mod init;
mod queue;
mod reload;
mod status;

use arguments::{Action, Arguments};

/// A wrong setting or argument: nothing was started.
const MISUSED: u8 = 2;

/// Ended by a second signal, as shells number it.
const IMPATIENT: i32 = 130;

/// Runs the program.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return misused(&error),
    };
    match arguments.action {
        Action::Help => say(arguments::HELP),
        Action::Version => say(concat!("farol-collector ", env!("CARGO_PKG_VERSION"))),
        Action::Init => begin(&arguments.init, &arguments.settings),
        Action::Run
        | Action::Doctor
        | Action::Healthy
        | Action::CheckConfig
        | Action::PrintConfig
        | Action::Tail
        | Action::Status
        | Action::Queue(_)
        | Action::DeadLetters(_)
        | Action::Setup => {
            // Docker reserves 2 in a health check: it knows 0 and 1.
            let misused = match arguments.action {
                Action::Healthy => ill,
                _ => misused,
            };
            let environment = match environment() {
                Ok(environment) => environment,
                Err(error) => return misused(&error),
            };
            if arguments.action == Action::PrintConfig {
                return match config::print(&arguments.settings, environment) {
                    Ok(settings) => say(settings.trim_end()),
                    Err(error) => misused(&error.to_string()),
                };
            }
            if arguments.action == Action::Doctor {
                return look(&arguments.doctor, &arguments.settings, environment);
            }
            if arguments.action == Action::CheckConfig {
                return check(&arguments.settings, environment);
            }
            let before = reload::before(&arguments.settings);
            let config = match config::load(&arguments.settings, environment) {
                Ok(config) => config,
                Err(error) => return misused(&error.to_string()),
            };
            match arguments.action {
                Action::Tail => tail(&config, &arguments.wanted),
                Action::Healthy => lives(&config),
                Action::Status => show(&config, arguments.json),
                Action::Queue(task) => look_into_queue(task, &config, &arguments.queue),
                Action::DeadLetters(task) => letters(task, &config, &arguments.letters),
                Action::Setup => set_up(&config, &arguments.setup),
                _ => start(before, config),
            }
        }
    }
}

/// Writes a first file of settings; asks where there is somebody to ask.
fn begin(options: &init::Options, given: &config::Given) -> ExitCode {
    let mut lines = io::stdin().lock();
    let questions: Option<&mut dyn io::BufRead> = match lines.is_terminal() {
        true => Some(&mut lines),
        false => None,
    };
    match init::run(options, given, questions, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => misused(&line),
    }
}

/// Looks at all that a collector with these settings depends on.
fn look(
    wanted: &doctor::Wanted,
    given: &config::Given,
    environment: Vec<(String, String)>,
) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let mut out = io::stdout();
    match runtime.block_on(doctor::run(wanted, given, environment, &mut out)) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Whether a collector that runs with these settings lives: what a container's health check runs.
fn lives(config: &Config) -> ExitCode {
    match healthy::ask(config) {
        Ok(address) => say(&format!("healthy: the collector at {address} answers")),
        Err(error) => failed(&error),
    }
}

/// Says what the settings come to, or what a start would refuse of them.
fn check(settings: &config::Given, environment: Vec<(String, String)>) -> ExitCode {
    let config = match config::check(settings, environment) {
        Ok(config) => config,
        Err(error) => return misused(&error.to_string()),
    };
    match crate::reload::try_out(&config) {
        Ok(()) => {
            let remarks = config.remarks();
            let remarks = remarks.iter().map(ToString::to_string);
            let lines: Vec<_> = [config.summary()].into_iter().chain(remarks).collect();
            say(&lines.join("\n"))
        }
        Err(error) => misused(&format!("{error:#}")),
    }
}

/// Shows what a collector with these settings takes.
fn tail(config: &Config, wanted: &Wanted) -> ExitCode {
    let Some(admin) = config.admin_listen else {
        return misused(
            "tail asks at admin_listen, and these settings have none: what visitors do is not shown at the public address; set admin_listen, and start the collector with it",
        );
    };
    match follow(admin, wanted, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Shows how a collector that runs with these settings is.
fn show(config: &Config, json: bool) -> ExitCode {
    match status::show(config, json, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// Looks into the queue of a collector with these settings, whether it runs or not.
fn look_into_queue(task: queue::Task, config: &Config, options: &queue::Options) -> ExitCode {
    // A file for each segment, as the collector has at its start.
    files::raise(config.limits.connections);
    match queue::run(task, config, options, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

/// Shows what destinations refused, or sends it again.
fn letters(task: dead_letters::Task, config: &Config, options: &dead_letters::Options) -> ExitCode {
    match dead_letters::run(task, config, options, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

/// Makes in destinations what they need.
fn set_up(config: &Config, wanted: &setup::Wanted) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => {
            let mut out = io::stdout();
            runtime.block_on(setup::run(&config.destinations, wanted, &mut out))
        }
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// The variables. One of ours that cannot be read is said: passed over, its setting would be the default.
fn environment() -> Result<Vec<(String, String)>, String> {
    let mut all = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else {
            continue;
        };
        match value.into_string() {
            Ok(value) => all.push((name, value)),
            Err(_) if name.starts_with("FAROL_") => {
                return Err(format!("{name}: the value is no UTF-8; write it anew"));
            }
            Err(_) => {}
        }
    }
    Ok(all)
}

fn start(before: reload::Before, config: Config) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_park(give_back_at_times)
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let traces = match Traces::start(&config.telemetry, runtime.handle().clone()) {
        Ok(traces) => traces,
        Err(error) => return failed(&error.context("telemetry.traces_endpoint")),
    };
    let log = observe(&config, traces.as_ref());
    files::raise(config.limits.connections);
    let mut config = config;
    files::fit(&mut config.limits);
    let ended = runtime.block_on(serve(before, config, log));
    if let Some(traces) = traces {
        traces.end();
    }
    // What was to be waited for has had its time.
    runtime.shutdown_timeout(LAST_WRITES);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

async fn serve(before: reload::Before, config: Config, log: reload::Log) -> Result<()> {
    // Before anything else: without it a SIGHUP would end the process.
    let reloads = reload::start(before, &config, log)?;
    // Likewise: with it a write beyond `ulimit -f` fails as any other does, and its request is refused.
    let too_large = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    let _too_large = signal(too_large).context("cannot listen for SIGXFSZ")?;
    let term = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let listeners = Listeners {
        public: bind("listen", config.listen).await?,
        admin: match config.admin_listen {
            Some(address) => Some(bind("admin_listen", address).await?),
            None => None,
        },
    };
    let line = ready_line(&config, &listeners)?;
    for remark in config.remarks() {
        tracing::warn!("{remark}");
    }
    let mut signals = Signals { term, interrupt };
    let shutdown = async move {
        signals.next().await;
        // Whoever asks twice means it: what is in memory is given up.
        tokio::spawn(async move {
            signals.next().await;
            std::process::exit(IMPATIENT);
        });
    };
    run_reloading(config, listeners, reloads, async {
        // Polled for the first time when all is wired and the sockets are served.
        say(&line);
        shutdown.await;
    })
    .await
}

/// Both ways of asking for an end.
struct Signals {
    term: Signal,
    interrupt: Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|e| {
        anyhow::anyhow!(
            "{setting} = {address}: {}; name another address, or stop what uses it",
            plain(&e)
        )
    })
}

fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the address is in use".into(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        kind => kind.to_string(),
    }
}

/// What scripts wait for.
fn ready_line(config: &Config, listeners: &Listeners) -> Result<String> {
    let address = listeners.public.local_addr()?;
    let admin = match &listeners.admin {
        Some(admin) => format!("admin: http://{}, ", admin.local_addr()?),
        None => String::new(),
    };
    let scheme = match config.public.tls {
        Some(_) => "https",
        None => "http",
    };
    let open = if config.apps.is_empty() {
        ", apps: none declared, open"
    } else {
        ""
    };
    Ok(format!(
        "farol-collector {} ready on {scheme}://{address} ({admin}queue: {}, data: {}{open})",
        env!("CARGO_PKG_VERSION"),
        config.queue.kind.as_str(),
        config.data_dir.display(),
    ))
}

/// What is logged under the setting `telemetry.log`.
fn filter(log: &str) -> EnvFilter {
    // What h2 warns of, such as streams that are reset, its peers decide: a line for each would be theirs to write without end.
    EnvFilter::new(format!("h2=error,krafka=off,{log}"))
}

/// Log lines to standard error, own spans to where the configuration says.
fn observe(config: &Config, traces: Option<&Traces>) -> reload::Log {
    let (filter, log) = tracing_subscriber::reload::Layer::new(filter(&config.telemetry.log));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_target(false)
        .with_ansi(false);
    let spans = traces.map(|traces| {
        let ours = Targets::new().with_target(TARGET, LevelFilter::TRACE);
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_filter(ours)
    });
    // A second call in one process keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans)
        .try_init();
    log
}

fn say(line: &str) -> ExitCode {
    // A closed pipe is the reader's decision.
    let _ = writeln!(io::stdout(), "{line}");
    ExitCode::SUCCESS
}

fn misused(line: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "farol-collector: {line}");
    ExitCode::from(MISUSED)
}

fn ill(line: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "farol-collector: {line}");
    ExitCode::FAILURE
}

fn failed(error: &anyhow::Error) -> ExitCode {
    ill(&format!("{error:#}"))
}
