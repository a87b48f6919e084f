//! What an operator sees who looks at what comes in.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::{Collector, app, eventually};

const SHOP: (&str, &str) = ("origin", "https://shop.example");

async fn with_admin() -> Collector {
    Collector::with(|config| {
        config.admin_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.apps = vec![
            app("shop", "k1", "https://shop.example"),
            app("blog", "k2", "https://blog.example"),
        ];
    })
    .await
}

/// Looks, from the moment that the first line is there.
async fn look(collector: &Collector, query: &str) -> BufReader<TcpStream> {
    let (admin, query) = (collector.admin.unwrap(), query.to_owned());
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(admin).unwrap();
        write!(
            stream,
            "GET /-/tail{query} HTTP/1.0\r\nhost: {admin}\r\n\r\n"
        )
        .unwrap();
        let mut answer = BufReader::new(stream);
        while next(&mut answer) != "# what comes in from now on" {}
        answer
    })
    .await
    .unwrap()
}

fn next(answer: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    assert!(answer.read_line(&mut line).unwrap() > 0, "the answer ended");
    line.trim_end().to_owned()
}

async fn lines(mut answer: BufReader<TcpStream>, n: usize) -> Vec<String> {
    tokio::task::spawn_blocking(move || (0..n).map(|_| next(&mut answer)).collect())
        .await
        .unwrap()
}

const LOG: &str = r#"{"meta":{"session":{"id":"s1"}},"logs":[{"message":"hello \u001b[2J visitor@mail.example","level":"info","timestamp":"2026-01-02T03:04:05Z"},7]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn items_duplicates_drops_and_refusals_are_shown_as_they_come() {
    let collector = with_admin().await;
    let all = look(&collector, "").await;
    let rejected = look(&collector, "?rejected").await;
    let blog = look(&collector, "?app=blog").await;
    assert_eq!(
        collector
            .post("/collect/k1?id=a", &[SHOP], LOG)
            .await
            .status,
        202
    );
    assert_eq!(
        collector
            .post("/collect/k1?id=a&try=2", &[SHOP], LOG)
            .await
            .status,
        202
    );
    assert_eq!(
        collector.post("/collect/nobody", &[SHOP], LOG).await.status,
        403
    );
    assert_eq!(
        collector
            .post("/collect/k1", &[SHOP], "no json")
            .await
            .status,
        400
    );
    let blogs = ("origin", "https://blog.example");
    assert_eq!(
        collector.post("/collect/k2", &[blogs], "").await.status,
        400
    );

    let all = lines(all, 6).await;
    assert!(
        all[0].contains("hello") && !all[0].contains('\u{1b}'),
        "{}",
        all[0]
    );
    assert!(
        !all[0].contains("visitor@mail.example"),
        "scrubbed: {}",
        all[0]
    );
    for (line, parts) in all[1..].iter().zip([
        ["dropped", "shop", "log[1]"],
        ["duplicate", "shop", "before"],
        ["refused", "-", "403 unknown_key"],
        ["refused", "shop", "400 bad_json"],
        ["refused", "blog", "400 empty_body"],
    ]) {
        for part in parts {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    let rejected = lines(rejected, 4).await;
    assert_eq!(
        rejected,
        [&all[1], &all[3], &all[4], &all[5]].map(String::clone)
    );
    assert_eq!(lines(blog, 1).await, [all[5].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_looks_at_the_public_address_or_by_a_made_up_name() {
    let collector = Collector::start().await;
    assert_eq!(collector.get("/-/tail").await.status, 404);
    let collector = with_admin().await;
    assert_eq!(collector.get("/-/tail").await.status, 404);
    let admin = collector.admin.unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(admin).unwrap();
        write!(
            stream,
            "GET /-/tail HTTP/1.0\r\nhost: rebound.example\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    assert!(answer.await.unwrap().starts_with("HTTP/1.0 403"));
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_only_so_many_who_look_and_a_place_that_is_left_is_free() {
    let collector = with_admin().await;
    let mut looking = Vec::new();
    for _ in 0..4 {
        looking.push(look(&collector, "").await);
    }
    assert!(ask(&collector).await.starts_with("HTTP/1.0 503"));
    looking.pop();
    // The collector notices in its own time that the fourth has gone.
    while !ask(&collector).await.starts_with("HTTP/1.0 200") {}
}

/// The first line of the answer to one more who wants to look.
async fn ask(collector: &Collector) -> String {
    let admin = collector.admin.unwrap();
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(admin).unwrap();
        write!(stream, "GET /-/tail HTTP/1.0\r\nhost: {admin}\r\n\r\n").unwrap();
        next(&mut BufReader::new(stream))
    })
    .await
    .unwrap()
}

/// What the command wrote so far.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_follows_a_collector_that_runs_until_that_ends() {
    use farol_collector::tail::{Wanted, follow::follow};

    let collector = with_admin().await;
    let admin = collector.admin.unwrap();
    let written = Written::default();
    let mut out = written.clone();
    let following =
        tokio::task::spawn_blocking(move || follow(admin, &Wanted::default(), &mut out));
    eventually("somebody looks", async || written.text().starts_with('#')).await;
    assert_eq!(
        collector.post("/collect/k1", &[SHOP], LOG).await.status,
        202
    );
    eventually("it is shown", async || written.text().contains("hello")).await;
    collector.stop().await;
    let ended = following.await.unwrap().unwrap_err();
    assert!(format!("{ended:#}").contains("ended it"), "{ended:#}");
    let nobody = tokio::task::spawn_blocking(move || {
        follow(admin, &Wanted::default(), &mut Vec::new()).unwrap_err()
    });
    assert!(format!("{:#}", nobody.await.unwrap()).contains("does the collector run?"));
}

/// A collector that declares no app takes requests of several.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_request_brought_of_several_apps_is_each_ones_own() {
    let collector = Collector::with(|config| {
        config.admin_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    })
    .await;
    let blog = look(&collector, "?app=blog").await;
    let resource = |app: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{app}"}}}}]}},"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":"of {app}"}}}}]}}]}}"#
        )
    };
    let both = [resource("shop"), resource("blog")].join(",");
    let body = format!(r#"{{"resourceLogs":[{both}]}}"#);
    let json = ("content-type", "application/json");
    let answer = collector.post("/v1/logs", &[json], body).await;
    assert_eq!(answer.status, 200);
    let line = &lines(blog, 1).await[0];
    assert!(line.contains("of blog"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_is_not_idle_while_nothing_comes() {
    let collector = Collector::with(|config| {
        config.admin_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        config.limits.idle_timeout = std::time::Duration::from_millis(100);
    })
    .await;
    let looking = look(&collector, "").await;
    // One that came later is closed for having been idle for so long.
    let admin = collector.admin.unwrap();
    let idle = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(admin).unwrap();
        stream.read(&mut [0]).unwrap()
    });
    assert_eq!(idle.await.unwrap(), 0);
    assert_eq!(collector.post("/collect", &[], LOG).await.status, 202);
    let line = &lines(looking, 1).await[0];
    assert!(line.contains("hello"), "{line}");
}
