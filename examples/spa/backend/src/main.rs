//! The shop's process: arguments, sockets, Ctrl-C. All else is in the library, where tests reach it.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use farol_shop::args::{Args, Asked};
use farol_shop::{Listeners, run};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    match Args::parse(std::env::args().skip(1)) {
        Ok(Asked::Help) => {
            say(farol_shop::args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Asked::Run(args)) => match serve(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&format!("{error:#}"));
                ExitCode::FAILURE
            }
        },
        Err(message) => {
            complain(&message);
            ExitCode::from(2)
        }
    }
}

// The exporter's HTTP client blocks, so it is made and dropped outside the runtime.
fn serve(args: &Args) -> anyhow::Result<()> {
    let tracing = farol_shop::trace::Tracing::start(args.otlp.as_deref())?;
    let runtime = tokio::runtime::Runtime::new().context("start the async runtime")?;
    let outcome = runtime.block_on(async {
        let listeners = Listeners {
            shop: bind(&args.listen, "--listen").await?,
            other: bind(&args.other_listen, "--other-listen").await?,
        };
        say(&format!(
            "farol-shop ready on http://{}",
            listeners.shop.local_addr()?
        ));
        run(args, listeners, &tracing, stop_asked()).await
    });
    drop(runtime);
    tracing.stop();
    outcome
}

/// Ctrl-C, or the polite end that a supervisor asks for. Where neither can be heard, only the process's end ends it.
async fn stop_asked() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminated => {}
    }
}

async fn bind(address: &str, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{flag} {address}: cannot listen there; choose another address, or port 0 for a free one"))
}

fn say(line: &str) {
    // A closed pipe is no reason to stop serving.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn complain(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "farol-shop: {message}");
}
