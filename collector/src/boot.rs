//! The one place where collaborators are made and wired to each other, and where they are stopped in order.

use std::future::Future;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::aggregate::{self, Aggregator};
use crate::background::Background;
use crate::config::{Config, QueueType};
use crate::data_folder::DataFolder;
use crate::dedupe::Dedupe;
use crate::export::prometheus::scrape::Scrapers;
use crate::export::{self, Exports, Told, With};
use crate::health::Life;
use crate::inflate::Budget;
use crate::live::{Current, Live};
use crate::operate::{self, Asked};
use crate::outcome::Ledgers;
use crate::queue::Queue;
use crate::receive::{Owed, RandomIds, Receiver};
use crate::reload::{Reach, Reloads};
use crate::router::{self, Parts, Routes};
use crate::serve::{Connections, Server, Side};
use crate::source;
use crate::tail::Tail;
use crate::telemetry::{Meters, Sources};

mod stored;

/// Sockets that are bound already: the caller owns them.
#[derive(Debug)]
pub struct Listeners {
    /// Where browsers send to.
    pub public: TcpListener,
    /// Where operators look, when not at the public one.
    pub admin: Option<TcpListener>,
}

/// The part of the time for stopping that requests on their way may take; the rest is for exporting.
const REQUESTS_SHARE: u32 = 4;

/// How long the operator whose task was given up may take to read so: a line.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// Runs the collector until `shutdown` ends, then stops in bounded time: no new requests, deliver what is there, keep the rest in the
/// data folder.
pub async fn run(
    config: Config,
    listeners: Listeners,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    run_reloading(config, listeners, Reloads::never(), shutdown).await
}

/// Like [`run`], and takes other configurations as they are offered.
pub async fn run_reloading(
    config: Config,
    listeners: Listeners,
    reloads: Reloads,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let collector = Collector::wire(config)?;
    collector.run(listeners, reloads, shutdown).await
}

struct Collector {
    background: Background,
    config: Config,
    folder: DataFolder,
    queue: Queue,
    ledgers: Ledgers,
    exports: Exports,
    incoming: source::Running,
    parts: Parts,
    /// What operators ask for.
    asked: mpsc::Receiver<Asked>,
    connections: Connections,
    recovered: Vec<PathBuf>,
}

impl Collector {
    fn wire(config: Config) -> anyhow::Result<Self> {
        let folder = DataFolder::open(&config.data_dir)?;
        let ledgers = Ledgers::new();
        let queue = stored::open(&config.queue, &folder.queue())?;
        let meters = Arc::<Meters>::default();
        let (aggregator, snapshots) =
            Aggregator::open(&config.data_dir, &queue, aggregation(&config))?;
        Told::follow(&config.data_dir, &aggregator)
            .with_context(|| format!("data folder {}", config.data_dir.display()))?;
        let aggregate = aggregator.stats();
        let with = With {
            queue: queue.clone(),
            ledgers: ledgers.clone(),
            data_dir: config.data_dir.clone(),
            snapshots: snapshots.clone(),
            known: aggregator.known(),
        };
        let background = match config.queue.kind {
            QueueType::Disk => {
                Background::start().context("cannot start the threads that export")?
            }
            // What gives way there fills the memory that clients are refused for.
            QueueType::Memory => Background::none(),
        };
        let mut exports = export::start_on(&background.handle(), &config.destinations, with)?;
        exports.also(aggregator.run());
        let dedupe = Dedupe::open(&folder.dedupe(), queue.id().is_none())
            .with_context(|| format!("cannot use {}", folder.dedupe().display()))?;
        stored::say_forgotten(&dedupe, &folder.dedupe());
        let recovered = stored::recover(&queue, &folder.queue(), &ledgers, &meters, &dedupe)?;

        let limits = config.limits;
        let current = Current::new(Live::new(&config, None)?);
        let life = Life::default();
        let connections = Connections::default();
        let receiver = Arc::new(Receiver {
            current,
            dedupe,
            queue: queue.clone(),
            ledgers: ledgers.clone(),
            bodies: Budget::new(limits.in_flight),
            meters: meters.clone(),
            life: life.clone(),
            tail: Tail::default(),
            random: RandomIds::new()?,
            owed: Owed::default(),
            heavy: Arc::new(Semaphore::new(
                available_parallelism().map_or(1, usize::from),
            )),
        });
        let told = source::Sources::default();
        let with = source::With {
            queue: queue.clone(),
            dedupe: receiver.dedupe.clone(),
            ledgers: ledgers.clone(),
            meters: meters.clone(),
        };
        let incoming = source::start(&config.sources, &with, &told);
        let sources = Arc::new(Sources {
            ledgers: ledgers.clone(),
            queue: queue.clone(),
            dedupe: receiver.dedupe.clone(),
            connections: connections.clone(),
            bodies: receiver.bodies.clone(),
            meters,
            aggregate,
            destinations: exports.roster(),
            sources: told,
            current: receiver.current.clone(),
        });
        let (operations, asked) = operate::channel();
        let parts = Parts {
            scrapers: Arc::new(Scrapers::new(snapshots)),
            receiver,
            sources,
            life,
            queue: queue.clone(),
            data_dir: config.data_dir.clone(),
            operations,
        };
        Ok(Self {
            background,
            config,
            folder,
            queue,
            ledgers,
            exports,
            incoming,
            parts,
            asked,
            connections,
            recovered,
        })
    }

    async fn run(
        mut self,
        listeners: Listeners,
        mut reloads: Reloads,
        shutdown: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<()> {
        let (stop_public, public_stopped) = watch::channel(false);
        // Until the end of all, so that operators can watch.
        let (stop_admin, admin_stopped) = watch::channel(false);
        let mut routes = router::public(&self.parts, &self.config.public);
        let mut admin = match listeners.admin {
            None => {
                let listen = self.config.listen.ip();
                routes = routes.merge(router::beside_public(&self.parts, listen));
                None
            }
            Some(listener) => {
                let routes = router::operators(&self.parts).fallback(router::not_found);
                Some(self.serve(Routes::admin(routes), Side::Admin, listener, admin_stopped))
            }
        };
        let routes = Routes::public(routes, &self.parts.receiver, &self.config.public);
        let mut public = self.serve(routes, Side::Public, listeners.public, public_stopped);
        let (stop_keeper, keeper_stopped) = watch::channel(false);
        let dedupe = self.parts.receiver.dedupe.clone();
        let mut keeper = tokio::spawn(dedupe.clone().keep(keeper_stopped));
        self.parts.life.running();

        // Never healthy and idle: without one of these the process has no reason to live.
        let ends = async {
            tokio::select! {
                () = shutdown => None,
                ended = &mut public => Some(anyhow!("the accept loop ended by itself: {}", describe(&ended))),
                ended = some(&mut admin) => Some(anyhow!("the accept loop of admin_listen ended by itself: {}", describe(&ended))),
                ended = &mut keeper => Some(anyhow!("the memory of batches ended by itself: {}", describe(&ended))),
            }
        };
        let mut given_up = false;
        let (failed, deadline) = {
            let mut ends = pin!(ends);
            loop {
                let failed = tokio::select! {
                    failed = &mut ends => failed,
                    () = self.exports.failed() => Some(anyhow!("a task that exports panicked")),
                    () = self.incoming.failed() => Some(anyhow!("a task that reads a source panicked")),
                    Some(asked) = self.asked.recv() => match self.operate(asked, ends.as_mut()).await {
                        None => continue,
                        Some(end) => {
                            given_up = true;
                            break end;
                        }
                    },
                    offer = reloads.next() => {
                        self.reload(offer, &*reloads.log).await;
                        continue;
                    }
                };
                break (failed, Instant::now() + self.config.shutdown_timeout);
            }
        };
        let stopping = Stopping {
            deadline,
            life: self.parts.life,
            queue: self.queue,
            folder: self.folder.queue(),
            exports: self.exports,
            incoming: self.incoming,
            requests: self.config.shutdown_timeout / REQUESTS_SHARE,
            recovered: self.recovered,
        };
        stopping.stop(&stop_public, public).await;
        stop_keeper.send_replace(true);
        if !keeper.is_finished() {
            let _ = keeper.await;
        }
        if let Err(error) = dedupe.close().await {
            tracing::warn!(kind = %error.kind(), "ids of batches could not be written; those of this run are forgotten");
        }
        let books = self.ledgers.snapshot();
        tracing::info!(
            accepted = books.requests.accepted,
            enqueued = books.items.enqueued,
            "stopped"
        );
        if let Some(mut admin) = admin {
            // It may be what has ended.
            if given_up && !admin.is_finished() {
                stop_admin.send_replace(true);
                let _ = timeout(LAST_ANSWER, &mut admin).await;
            }
            admin.abort();
        }
        self.background.end().await;
        // Nobody else has it as long as something of ours may write there.
        drop(self.folder);
        failed.map_or(Ok(()), Err)
    }

    /// Carries out a task. Where `ends` comes first, readiness goes at once, and the task is given up where it stands: returns why, and when all is to
    /// be over.
    async fn operate(
        &mut self,
        asked: Asked,
        ends: Pin<&mut impl Future<Output = Option<anyhow::Error>>>,
    ) -> Option<(Option<anyhow::Error>, Instant)> {
        let (tell, stop) = watch::channel(false);
        let reach = operate::Reach {
            exports: &mut self.exports,
            queue: self.queue.clone(),
            data_dir: self.config.data_dir.clone(),
            stop,
        };
        let mut task = pin!(reach.carry_out(asked));
        let failed = tokio::select! {
            () = &mut task => return None,
            failed = ends => failed,
        };
        self.parts.life.stopping();
        tell.send_replace(true);
        let deadline = Instant::now() + self.config.shutdown_timeout;
        // A request to a destination, or a file of the queue, is left at once; what still takes longer is a disk that hangs.
        let _ = timeout_at(deadline, task).await;
        Some((failed, deadline))
    }

    /// Takes another configuration, or says in one line why not.
    async fn reload(&mut self, offer: Result<Config, String>, log: &(dyn Fn(&str) + Send + Sync)) {
        let current = self.parts.receiver.current.clone();
        let mut reach = Reach {
            current: &current,
            exports: &mut self.exports,
            bodies: &self.parts.receiver.bodies,
            incoming: &self.incoming,
            log,
        };
        let taken = match offer {
            Err(line) => Err(line),
            Ok(new) => match reach.take(&self.config, &new).await {
                Ok(()) => Ok(new),
                Err(error) => Err(format!("{error:#}")),
            },
        };
        match taken {
            Ok(new) => {
                self.config = new;
                let generation = current.figures().generation;
                tracing::info!(generation, "the configuration was taken");
            }
            Err(line) => {
                current.refused();
                tracing::error!("the configuration was not taken, the one before stays: {line}");
            }
        }
    }

    fn serve(
        &self,
        routes: Routes,
        side: Side,
        listener: TcpListener,
        stop: watch::Receiver<bool>,
    ) -> JoinHandle<()> {
        let server = Server {
            service: routes,
            side,
            current: self.parts.receiver.current.clone(),
            // Operators get in when strangers have taken every place.
            connections: match side {
                Side::Public => self.connections.clone(),
                Side::Admin => Connections::default(),
            },
            grace: self.config.shutdown_timeout / REQUESTS_SHARE,
        };
        tokio::spawn(server.serve(listener, stop))
    }
}

/// What stopping needs of all that there was.
struct Stopping {
    deadline: Instant,
    life: Life,
    queue: Queue,
    /// That of the queue.
    folder: PathBuf,
    exports: Exports,
    incoming: source::Running,
    /// What requests and sources may take.
    requests: Duration,
    recovered: Vec<PathBuf>,
}

impl Stopping {
    /// Readiness first, so that balancers look elsewhere; then the requests on their way; then the queue.
    async fn stop(self, stop_public: &watch::Sender<bool>, public: JoinHandle<()>) {
        self.life.stopping();
        tracing::info!("stopping");
        stop_public.send_replace(true);
        if !public.is_finished() {
            let _ = public.await;
        }
        // What it has not acknowledged by then comes again.
        let _ = timeout(self.requests, self.incoming.stop()).await;
        self.queue.close();
        self.exports.drain(self.deadline).await;
        stored::keep(self.queue, self.folder, self.recovered).await;
    }
}

fn aggregation(config: &Config) -> aggregate::Options {
    aggregate::Options {
        interval: config.metrics_interval,
        hold: config.metrics_hold,
    }
}

/// Waits for a task that there may be.
async fn some(task: &mut Option<JoinHandle<()>>) -> Result<(), tokio::task::JoinError> {
    match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    }
}

fn describe(ended: &Result<(), tokio::task::JoinError>) -> &'static str {
    match ended {
        Err(e) if e.is_panic() => "it panicked",
        _ => "it returned",
    }
}
