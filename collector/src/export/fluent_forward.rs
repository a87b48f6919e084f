//! Fluentd and Fluent Bit, by the Forward protocol: chunks of packed events that the server acknowledges, over connections that are kept.
//!
//! A chunk counts as delivered when its acknowledgement is here: what a connection loses on the way is sent again.

mod connection;
mod handshake;
mod message;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;

use super::Batch;
use super::destination::{Attempt, Destination, Outcome, Reason};
use super::pack::aside;
use super::shares::Shares;
use super::template::divide;
use crate::config::FluentForward as Settings;
use connection::{Connection, Dialler};
use message::Chunk;

/// A server that speaks the Forward protocol.
pub(crate) struct FluentForward {
    settings: Arc<Settings>,
    dialler: Dialler,
    idle: Mutex<Vec<Connection>>,
}

impl FluentForward {
    pub(crate) fn new(settings: &Settings) -> Result<Self> {
        Ok(Self {
            dialler: Dialler::new(settings)?,
            settings: Arc::new(settings.clone()),
            idle: Mutex::default(),
        })
    }

    /// Whether a connection is made, and let in where a key is to be proven.
    pub(super) async fn knock(&self) -> Result<(), Reason> {
        let patience = self.settings.remote.timeout;
        let made = tokio::time::timeout(patience, self.dialler.dial()).await;
        let mut connection = made.map_err(|_| Reason::code("timeout"))??;
        match self.settings.shared_key {
            Some(_) => Ok(()),
            None => connection.unasked().await,
        }
    }

    /// Sends one chunk for each tag. What was acknowledged before one fails is through.
    async fn deliver(&self, batch: &Batch) -> Outcome {
        let mut shares = Shares::default();
        for (tag, places) in divide(&[&self.settings.tag], &self.settings.tenants, batch) {
            if !shares.go_on() {
                shares.skip(places);
                continue;
            }
            let outcome = self.one(batch, &tag.concat(), &places).await;
            shares.add(places, outcome);
        }
        shares.end()
    }

    async fn one(&self, batch: &Batch, tag: &str, places: &[usize]) -> Outcome {
        let chunk = match self.chunk(batch, tag, places).await {
            Ok(chunk) => chunk,
            Err(outcome) => return outcome,
        };
        let sent = tokio::time::timeout(self.settings.remote.timeout, self.hand_over(&chunk));
        match sent.await {
            Ok(Ok(())) => Outcome::accepted(),
            Ok(Err(reason)) => Outcome::retry(reason),
            Err(_) => Outcome::retry(Reason::code("timeout")),
        }
    }

    async fn chunk(&self, batch: &Batch, tag: &str, places: &[usize]) -> Result<Chunk, Outcome> {
        let (batch, tag) = (batch.only(places), tag.to_owned());
        let settings = Arc::clone(&self.settings);
        aside(move || Chunk::new(&tag, &batch, settings.compression)).await
    }

    async fn hand_over(&self, chunk: &Chunk) -> Result<(), Reason> {
        let kept = self.idle().pop();
        if let Some(mut connection) = kept {
            // The server may have closed it while it idled; that is no failure of its own.
            if connection.is_fresh() && connection.send(chunk).await.is_ok() {
                self.keep(connection);
                return Ok(());
            }
        }
        let mut connection = self.dialler.dial().await?;
        connection.send(chunk).await?;
        self.keep(connection);
        Ok(())
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle();
        if connection.may_stay() && idle.len() < self.settings.remote.concurrency {
            idle.push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Destination for FluentForward {
    fn send<'a>(&'a self, batch: &'a Batch) -> Attempt<'a> {
        Box::pin(self.deliver(batch))
    }
}

#[cfg(test)]
mod tests;
