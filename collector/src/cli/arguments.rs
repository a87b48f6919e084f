//! The arguments, and the help that describes them.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use super::dead_letters;
use super::init;
use super::queue::{self, Task};
use crate::config::Given;
use crate::doctor;
use crate::export::setup;
use crate::forget::Whose;
use crate::tail::Wanted;

/// `--help`.
pub(super) const HELP: &str = "\
farol-collector: takes what browsers send and passes it on as OpenTelemetry.

usage: farol-collector [options]                run, with sensible defaults where no file is named
       farol-collector init [options]           ask a few questions, write a first file of settings, and say what to paste into pages
       farol-collector doctor [options]         look at all that a collector with these settings depends on, say how it is and what to do;
                                                exit code 1 where something does not work
       farol-collector healthy [options]        ask a collector that runs with these settings whether it lives; exit code 0 or 1
       farol-collector status [options]         show how a collector that runs with these settings is: destinations, queue, apps
       farol-collector check-config [options]   read the settings, say what they come to, and end
       farol-collector print-config [options]   show the settings that hold and where each was written, secrets hidden
       farol-collector tail [options]           show what a collector that runs with these settings takes, as it comes
       farol-collector queue inspect [options]  show what the queue in the data folder holds and how far each destination is
       farol-collector queue verify [options]   read every checksum in it; exit code 1 where something is damaged
       farol-collector queue export [options]   write what is stored, a line of JSON a record
       farol-collector queue drain --until-empty [options]
                                                wait until a collector that runs with these settings has delivered all it has
       farol-collector queue replay --destination NAME --from TIME [options]
                                                have a destination get again what it has had
       farol-collector queue erase --session ID | --user ID [options]
                                                erase what a session or a user left: in the queue and in the dead letters
       farol-collector dead-letters list [options]
                                                show what destinations refused for good, and why
       farol-collector dead-letters replay --destination NAME [--to NAME] [options]
                                                send it again, there or to another destination; what is taken goes from the file
       farol-collector setup elasticsearch [options]
       farol-collector setup clickhouse [options]
                                                make in the destinations of these settings what they need (index template and policy,
                                                database and tables); says what it did, and changes nothing that is as it should be

  --config FILE          settings in TOML (or FAROL_CONFIG)
  --listen ADDR          where browsers send to: HOST:PORT or PORT (127.0.0.1:12347; or FAROL_LISTEN)
  --admin-listen ADDR    move /metrics and /-/ to an address of their own (or FAROL_ADMIN_LISTEN)
  --data-dir DIR         where data is kept (./farol-data; or FAROL_DATA_DIR)
  --no-sources           run: read none of [[sources]], such as to empty a data folder
  --app NAME             init: the site's name, which becomes service.name
  --origin ORIGIN        init: an origin of its pages, such as https://shop.example; may be said again
                         doctor: whether a page of it may send
  --destination TYPE[=ADDRESS]
                         init: where the data goes, such as otlp_http=http://127.0.0.1:4318; may be said again
  --key KEY, --url URL, --sdk-dir DIR
                         init: the key (else a random one), the collector's address as pages know it, the SDK's files to serve
  --yes, --force         init: take the defaults for what is not said; write over a file that is there
  --rejected             tail: only what is refused or dropped, with the reason
  --app NAME             tail, queue export, queue erase: only what belongs to this app
  --destination NAME     queue replay, setup, dead-letters: which one
  --to NAME              dead-letters replay: where what it refused goes instead
  --dry-run              setup: say what there would be to do, and do nothing
  --from TIME            queue export, queue replay: only what was taken then or later, such as 2026-11-21T18:00:00Z
  --session ID           queue erase: whose
  --user ID              queue erase: whose, by id, user name, mail address or hash
  --json                 doctor, status, queue inspect, queue verify, queue erase, dead-letters: for machines
  --help                 this text
  --version              the version

Arguments count before environment variables, these before the file. Every setting is described in docs/collector.md.";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Collect.
    Run,
    /// Read the settings only.
    CheckConfig,
    /// Show the settings that hold.
    PrintConfig,
    /// Show what comes in.
    Tail,
    /// Show how a collector is.
    Status,
    /// Look into the queue.
    Queue(Task),
    /// Look after what was refused.
    DeadLetters(dead_letters::Task),
    /// Make in destinations what they need.
    Setup,
    /// Say how to use it.
    Help,
    /// Write a first file of settings.
    Init,
    /// Look at all that a collector depends on.
    Doctor,
    /// Ask whether a collector lives.
    Healthy,
    /// Say the version.
    Version,
}

/// What the command line says.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) action: Action,
    pub(super) settings: Given,
    pub(super) wanted: Wanted,
    pub(super) queue: queue::Options,
    pub(super) letters: dead_letters::Options,
    pub(super) setup: setup::Wanted,
    pub(super) init: init::Options,
    pub(super) doctor: doctor::Wanted,
    /// Of `status`: for machines.
    pub(super) json: bool,
}

impl Arguments {
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Self, String> {
        Self::read(arguments).map_err(|e| format!("{e}; --help lists what there is"))
    }

    fn read(arguments: Vec<OsString>) -> Result<Self, lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        let mut action = Action::Run;
        let mut settings = Given::default();
        let mut wanted = Wanted::default();
        let mut queue = queue::Options::default();
        let mut letters = dead_letters::Options::default();
        let mut setup = setup::Wanted::default();
        let mut init = init::Options::default();
        let mut doctor = doctor::Wanted::default();
        let (mut from, mut json) = (false, false);
        while let Some(arg) = parser.next()? {
            let erases = action == Action::Queue(Task::Erase);
            match arg {
                Arg::Long("config") | Arg::Short('c') => {
                    settings.file = Some(PathBuf::from(parser.value()?));
                }
                Arg::Long("listen") => settings
                    .arguments
                    .push(("listen", parser.value()?.string()?)),
                Arg::Long("admin-listen") => settings
                    .arguments
                    .push(("admin_listen", parser.value()?.string()?)),
                Arg::Long("data-dir") => settings
                    .arguments
                    .push(("data_dir", parser.value()?.string()?)),
                Arg::Long("no-sources") if action == Action::Run => settings.no_sources = true,
                Arg::Long(name) if action == Action::Init && init::OPTIONS.contains(&name) => {
                    let name = name.to_owned();
                    init.take(&name, &mut parser)?;
                }
                Arg::Long("help") | Arg::Short('h') => action = Action::Help,
                Arg::Long("version") | Arg::Short('V') => action = Action::Version,
                Arg::Value(word) if word == "check-config" && action == Action::Run => {
                    action = Action::CheckConfig;
                }
                Arg::Value(word) if word == "print-config" && action == Action::Run => {
                    action = Action::PrintConfig;
                }
                Arg::Value(word) if word == "init" && action == Action::Run => {
                    action = Action::Init;
                }
                Arg::Value(word) if word == "doctor" && action == Action::Run => {
                    action = Action::Doctor;
                }
                Arg::Long("json") if action == Action::Doctor => doctor.json = true,
                Arg::Long("origin") if action == Action::Doctor => {
                    doctor.origin = Some(parser.value()?.string()?);
                }
                Arg::Value(word) if word == "healthy" && action == Action::Run => {
                    action = Action::Healthy;
                }
                Arg::Value(word) if word == "tail" && action == Action::Run => {
                    action = Action::Tail;
                }
                Arg::Value(word) if word == "status" && action == Action::Run => {
                    action = Action::Status;
                }
                Arg::Long("json") if action == Action::Status => json = true,
                Arg::Value(word) if word == "queue" && action == Action::Run => {
                    action = Action::Queue(task(&mut parser)?);
                }
                Arg::Long("json")
                    if matches!(
                        action,
                        Action::Queue(Task::Inspect | Task::Verify | Task::Erase)
                    ) =>
                {
                    queue.json = true;
                }
                Arg::Value(word) if word == "dead-letters" && action == Action::Run => {
                    action = Action::DeadLetters(letters_task(&mut parser)?);
                }
                Arg::Long("json") if matches!(action, Action::DeadLetters(_)) => {
                    letters.json = true;
                }
                Arg::Long("destination") if matches!(action, Action::DeadLetters(_)) => {
                    letters.destination = Some(parser.value()?.string()?);
                }
                Arg::Long("to") if action == Action::DeadLetters(dead_letters::Task::Replay) => {
                    letters.to = Some(parser.value()?.string()?);
                }
                Arg::Value(word) if word == "setup" && action == Action::Run => {
                    action = Action::Setup;
                    setup.kind = kind(&mut parser)?;
                }
                Arg::Long("destination") if action == Action::Setup => {
                    setup.destination = Some(parser.value()?.string()?);
                }
                Arg::Long("dry-run") if action == Action::Setup => setup.dry_run = true,
                Arg::Long("destination") if action == Action::Queue(Task::Replay) => {
                    queue.destination = Some(parser.value()?.string()?);
                }
                Arg::Long("until-empty") if action == Action::Queue(Task::Drain) => {
                    queue.until_empty = true;
                }
                Arg::Long("from")
                    if matches!(action, Action::Queue(Task::Export | Task::Replay)) =>
                {
                    queue.chosen.from_ns = queue::time(&parser.value()?.string()?)?;
                    from = true;
                }
                Arg::Long("session" | "user") if erases && queue.whose.is_some() => {
                    return Err(
                        "queue erase: say --session ID or --user ID once: one person at a time"
                            .into(),
                    );
                }
                Arg::Long("session") if erases => {
                    queue.whose = Some(Whose::Session(parser.value()?.string()?));
                }
                Arg::Long("user") if erases => {
                    queue.whose = Some(Whose::User(parser.value()?.string()?));
                }
                Arg::Long("app") if matches!(action, Action::Queue(Task::Export | Task::Erase)) => {
                    queue.chosen.app = Some(parser.value()?.string()?);
                }
                Arg::Long("rejected") if action == Action::Tail => wanted.rejected = true,
                Arg::Long("app") if action == Action::Tail => {
                    wanted.app = Some(parser.value()?.string()?);
                }
                other => return Err(other.unexpected()),
            }
        }
        if action == Action::Queue(Task::Drain) && !queue.until_empty {
            return Err("queue drain: say --until-empty; it waits, and stops nothing".into());
        }
        if action == Action::Queue(Task::Replay) && (queue.destination.is_none() || !from) {
            return Err("queue replay: say --destination NAME and --from TIME".into());
        }
        if action == Action::DeadLetters(dead_letters::Task::Replay)
            && letters.destination.is_none()
        {
            return Err("dead-letters replay: say --destination NAME".into());
        }
        let empty =
            |whose: &Whose| matches!(whose, Whose::Session(id) | Whose::User(id) if id.is_empty());
        if action == Action::Queue(Task::Erase) && queue.whose.as_ref().is_none_or(empty) {
            return Err("queue erase: say --session ID or --user ID, one of the two".into());
        }
        Ok(Self {
            action,
            settings,
            wanted,
            queue,
            letters,
            setup,
            init,
            doctor,
            json,
        })
    }
}

/// The word after `dead-letters`.
fn letters_task(parser: &mut Parser) -> Result<dead_letters::Task, lexopt::Error> {
    match parser.next()? {
        Some(Arg::Value(word)) => {
            let task = word.to_str().and_then(dead_letters::Task::of);
            let unknown = || {
                format!(
                    "dead-letters {}: unknown; say list or replay",
                    word.display()
                )
            };
            task.ok_or_else(|| unknown().into())
        }
        _ => Err("dead-letters: say list or replay".into()),
    }
}

/// The word after `setup`.
fn kind(parser: &mut Parser) -> Result<String, lexopt::Error> {
    let all = setup::KINDS.join(" or ");
    match parser.next()? {
        Some(Arg::Value(word)) => {
            let known = word.to_str().filter(|word| setup::KINDS.contains(word));
            let unknown = || format!("setup {}: unknown; say {all}", word.display()).into();
            known.map(str::to_owned).ok_or_else(unknown)
        }
        _ => Err(format!("setup: say {all}").into()),
    }
}

/// The word after `queue`.
fn task(parser: &mut Parser) -> Result<Task, lexopt::Error> {
    match parser.next()? {
        Some(Arg::Value(word)) => {
            let task = word.to_str().and_then(Task::of);
            task.ok_or_else(|| format!("queue {}: unknown", word.display()).into())
        }
        _ => Err("queue: say inspect, verify, export, drain, replay or erase".into()),
    }
}
