//! The table of settings, the reader and the documentation say the same.

use std::collections::BTreeSet;
use std::path::Path;

use super::settings::TABLE;
use super::*;
use crate::telemetry;

/// A file that sets everything once.
fn maximal(folder: &Path) -> PathBuf {
    let pem = folder.join("some.pem");
    let own = rcgen::generate_simple_self_signed(["farol".to_owned()]).unwrap();
    let both = own.cert.pem() + &own.signing_key.serialize_pem();
    std::fs::write(&pem, both).unwrap();
    std::fs::write(folder.join("farol.js"), "1").unwrap();
    let text = include_str!("../../tests/data/maximal.toml")
        .replace("SOME.FOLDER", &folder.display().to_string())
        .replace("SOME.PEM", &pem.display().to_string());
    let file = folder.join("maximal.toml");
    std::fs::write(&file, text).unwrap();
    file
}

fn given(file: PathBuf) -> Given {
    Given {
        file: Some(file),
        ..Given::default()
    }
}

#[test]
fn every_documented_setting_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = maximal(folder.path());
    let mut set = BTreeSet::new();
    paths(
        &tree::read_file(&file).unwrap().value,
        String::new(),
        &mut set,
    );
    for setting in TABLE {
        let is_set = match setting.path.strip_suffix(".*") {
            Some(front) => set.iter().any(|path| {
                path.strip_prefix(front)
                    .is_some_and(|rest| rest.starts_with('.'))
            }),
            None => set.contains(setting.path),
        };
        assert!(
            is_set,
            "tests/data/maximal.toml does not set {}",
            setting.path
        );
    }
    let config = load(&given(file), []).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:4040");
    assert_eq!(config.apps[0].tenant, "one");
    assert!(
        config.apps.iter().any(|app| app.data.scrub.passthrough) && !config.data.scrub.passthrough
    );
    assert_eq!(config.data.scrub.user_fields, ["id", "roles"]);
    assert_eq!(config.destinations.len(), 13);
    let forward = config.destinations.iter().find(|it| it.name == "fluent");
    let DestinationKind::FluentForward(forward) = &forward.unwrap().kind else {
        panic!("{forward:?}");
    };
    assert_eq!(forward.tenants["shop"], "one");
    let headers = |at: usize| {
        let remote = config.destinations[at].kind.remote().unwrap();
        let pair =
            |(name, value): &(http::HeaderName, Secret)| format!("{name}: {}", value.reveal());
        remote.headers.iter().map(pair).collect::<Vec<_>>()
    };
    let basic = "authorization: Basic ZmFyb2w6aHVudGVyMg==";
    assert_eq!(headers(1), [basic, "x-scope-orgid: one"]);
    assert_eq!(headers(2), ["authorization: Bearer t"]);
    let mimir = config.destinations.iter().find(|it| it.name == "mimir");
    let mut mimir = mimir.unwrap().clone();
    assert!(mimir.of_clients().metrics);
    if let DestinationKind::RemoteWrite(write) = &mut mimir.kind {
        write.client_metrics = false;
    }
    assert!(mimir.signals.metrics && !mimir.of_clients().metrics);
    assert_eq!(config.destinations[0].dialect, Dialect::Alloy);
    assert_eq!(config.destinations[0].batch.max_items, 100);
    assert_eq!(config.limits.connections_per_address, 5);
    assert_eq!(config.queue.max_bytes, 32 << 20);
    match &config.destinations[0].kind {
        DestinationKind::OtlpHttp(remote) => {
            assert_eq!(remote.compression, Compression::Zstd);
            assert_eq!(remote.remote.headers[0].1.reveal(), "Bearer t");
            assert!(remote.remote.tls.insecure_skip_verify);
        }
        other => panic!("{other:?}"),
    }
}

fn paths(value: &tree::Value, path: String, out: &mut BTreeSet<String>) {
    match value {
        tree::Value::Table(table) => {
            for (key, node) in table {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                paths(&node.value, path, out);
            }
        }
        tree::Value::List(items)
            if items
                .iter()
                .any(|i| matches!(i.value, tree::Value::Table(_))) =>
        {
            for item in items {
                paths(&item.value, format!("{path}[]"), out);
            }
        }
        _ => {
            out.insert(path);
        }
    }
}

#[test]
fn without_anything_the_defaults_hold() {
    let config = load(&Given::default(), []).unwrap();
    let defaults = Config::default();
    assert_eq!(format!("{config:?}"), format!("{defaults:?}"));
}

#[test]
fn a_data_folder_named_by_a_variable_holds_the_embedded_destination() {
    let config = load(
        &Given::default(),
        [("FAROL_DATA_DIR".into(), "/srv/farol".into())],
    )
    .unwrap();
    match &config.destinations[0].kind {
        DestinationKind::OtlpFile(file) => assert_eq!(file.path, PathBuf::from("/srv/farol/otlp")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_wants_things_in_order_gets_one_request_at_a_time_unless_its_settings_say_otherwise() {
    assert_eq!(Loki::CONCURRENCY, RemoteWrite::CONCURRENCY);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    for kind in ["loki", "prometheus_remote_write"] {
        for (more, requests) in [("", 1), ("concurrency = 3", 3)] {
            let destination = format!(
                "[[destinations]]\nname = \"a\"\ntype = \"{kind}\"\nendpoint = \"http://a/w\"\n"
            );
            std::fs::write(&file, format!("version = 1\n{destination}{more}\n")).unwrap();
            let config = load(&given(file.clone()), []).unwrap();
            let remote = config.destinations[0].kind.remote().unwrap();
            assert_eq!(remote.concurrency, requests, "{kind}");
        }
    }
}

#[test]
fn defaults_are_what_the_documentation_says() {
    let config = Config::default();
    let limits = config.limits;
    let batch = Batch::default();
    let retry = Retry::default();
    let file = OtlpFile::in_folder(PathBuf::new());
    let remote = Remote::new("http://receiver".parse().unwrap());
    let mib = |n: usize| format!("{} MiB", n >> 20);
    let kib = |n: usize| format!("{} KiB", n >> 10);
    let wait = |d: std::time::Duration| match d.subsec_millis() {
        0 => format!("{}s", d.as_secs()),
        ms => format!("{ms}ms"),
    };
    for (path, default) in [
        ("listen", config.listen.to_string()),
        ("data_dir", config.data_dir.display().to_string()),
        ("shutdown_timeout", wait(config.shutdown_timeout)),
        ("metrics_interval", wait(config.metrics_interval)),
        (
            "metrics_hold",
            format!("{}m", config.metrics_hold.as_secs() / 60),
        ),
        ("limits.body", mib(limits.body)),
        ("limits.inflated", mib(limits.inflated)),
        ("limits.in_flight", mib(limits.in_flight)),
        ("limits.header_bytes", kib(limits.header_bytes)),
        ("limits.header_timeout", wait(limits.header_timeout)),
        ("limits.body_timeout", wait(limits.body_timeout)),
        ("limits.idle_timeout", wait(limits.idle_timeout)),
        ("limits.body_rate", kib(limits.body_rate)),
        ("limits.body_grace", wait(limits.body_grace)),
        ("limits.streams", limits.streams.to_string()),
        ("tls.handshake_timeout", wait(ServerTls::HANDSHAKE_TIMEOUT)),
        ("sdk.path", SdkFiles::PATH.into()),
        ("tls.handshakes", ServerTls::HANDSHAKES.to_string()),
        ("limits.connections", limits.connections.to_string()),
        (
            "limits.connections_per_address",
            limits.connections_per_address.to_string(),
        ),
        ("limits.zstd_window", mib(limits.zstd_window)),
        ("limits.depth", limits.content.depth.to_string()),
        ("limits.items", limits.content.items.to_string()),
        ("limits.string", kib(limits.content.string)),
        ("limits.attributes", limits.content.attributes.to_string()),
        ("limits.rate.burst", wait(limits.rate.burst)),
        ("limits.address_rate.burst", wait(limits.address_rate.burst)),
        (
            "limits.address_rate.requests",
            limits.address_rate.requests.unwrap().to_string(),
        ),
        (
            "limits.address_rate.bytes",
            mib(limits.address_rate.bytes.unwrap() as usize),
        ),
        (
            "queue.max_bytes",
            format!(
                "{} GiB on disk, {} in memory",
                config.queue.max_bytes >> 30,
                mib(QueueSettings::new(QueueType::Memory).max_bytes)
            ),
        ),
        ("queue.commit_wait", wait(config.queue.commit_wait)),
        (
            "queue.retain_after_export",
            wait(config.queue.retain_after_export),
        ),
        (
            "queue.min_free",
            mib(config.queue.min_free.of(u64::MAX) as usize),
        ),
        (
            "destinations[].batch.max_items",
            batch.max_items.to_string(),
        ),
        ("destinations[].batch.max_bytes", mib(batch.max_bytes)),
        ("destinations[].batch.max_wait", wait(batch.max_wait)),
        ("destinations[].retry.initial", wait(retry.initial)),
        ("destinations[].retry.max", wait(retry.max)),
        (
            "destinations[].concurrency",
            format!(
                "{}; of loki and prometheus_remote_write {}",
                remote.concurrency,
                Loki::CONCURRENCY
            ),
        ),
        ("destinations[].max_bytes", mib(file.max_bytes as usize)),
        ("destinations[].max_files", file.max_files.to_string()),
        ("telemetry.log", config.telemetry.log),
    ] {
        let setting = TABLE.iter().find(|s| s.path == path).unwrap();
        assert_eq!(setting.default, default, "{path}");
    }
}

/// The documentation's tables. `FAROL_UPDATE_DOCS=1` writes them.
#[test]
fn the_documentation_has_every_setting_and_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/collector.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let told = put(
        &put(&text, "settings", &settings_table()),
        "metrics",
        &metrics_table(),
    );
    if std::env::var_os("FAROL_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    assert!(
        told == std::fs::read_to_string(&path).unwrap(),
        "docs/collector.md is behind; FAROL_UPDATE_DOCS=1 cargo test -p farol-collector --lib documentation writes it"
    );
}

/// Collectors that share a text of settings have streams of their own by it (docs/destinations/loki.md).
#[test]
fn a_variable_is_a_label_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    let text = "version = 1\n[[destinations]]\nname = \"loki\"\ntype = \"loki\"\nendpoint = \"http://127.0.0.1:3100\"\n";
    std::fs::write(&file, text).unwrap();
    let name = "FAROL_DESTINATIONS__LOKI__STATIC_LABELS__INSTANCE";
    let config = load(&given(file), [(name.into(), "farol-1".into())]).unwrap();
    let DestinationKind::Loki(loki) = &config.destinations[0].kind else {
        panic!("it is Loki's");
    };
    let label = ("instance".to_owned(), "farol-1".to_owned());
    assert_eq!(loki.static_labels, [label]);
}

/// A page that sends operators to a metric that is not there costs them a night.
#[test]
fn every_metric_that_operators_are_sent_to_exists() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating.md");
    let text = std::fs::read_to_string(path).unwrap();
    let named = text.split('`').skip(1).step_by(2);
    let named: Vec<&str> = named
        .filter_map(|code| code.split('{').next())
        .filter(|name| name.starts_with("farol_"))
        .collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(telemetry::TABLE.iter().any(|m| m.name == name), "{name}");
    }
}

/// A row ends with the types that alone have the setting, or names those that have it not; of all others each has it. What is on this machine has
/// nothing of the network.
#[test]
fn each_type_of_destination_has_the_settings_that_the_table_gives_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    for (name, rest) in [
        ("otlp_http", "endpoint = \"http://a\""),
        ("otlp_grpc", "endpoint = \"http://a\""),
        ("http", "endpoint = \"http://a\""),
        ("elasticsearch", "endpoint = \"http://a\""),
        ("clickhouse", "endpoint = \"http://a\""),
        ("loki", "endpoint = \"http://a\""),
        ("prometheus_remote_write", "endpoint = \"http://a/w\""),
        ("fluent_forward", "endpoint = \"tcp://a:1\""),
        ("kafka", "brokers = [\"a:1\"]"),
        ("a bucket", "bucket = \"rum\"\nregion = \"a\""),
    ] {
        for setting in TABLE {
            let Some(key) = setting.path.strip_prefix("destinations[].") else {
                continue;
            };
            let has = match setting.help.strip_suffix(" only.") {
                Some(types) => {
                    let types = types.rsplit_once(". ").unwrap().1;
                    let mut words = types.split([',', ' ']);
                    // Whether a type is told of another's in other words is no matter here.
                    if !words.any(|it| it == name) {
                        continue;
                    }
                    true
                }
                None => (setting.help.rsplit_once("Not of "))
                    .is_none_or(|(_, others)| !others.contains(name)),
            };
            let key = key.replace(".*", ".x");
            let kind = name.replace("a bucket", "parquet");
            // No setting takes a list in a list.
            let own = format!("name = \"b\"\ntype = \"{kind}\"\n{rest}\n");
            let own: String = own
                .split_inclusive('\n')
                .filter(|line| !line.starts_with(&format!("{key} =")))
                .collect();
            let text = format!("version = 1\n[[destinations]]\n{own}{key} = [[]]\n");
            std::fs::write(&file, &text).unwrap();
            let error = load(&given(file.clone()), []).unwrap_err().to_string();
            let unknown = error.contains("no such setting here");
            assert_eq!(!unknown, has, "{name}: {}: {error}", setting.path);
        }
    }
}

fn put(text: &str, name: &str, table: &str) -> String {
    let (begin, end) = (
        format!("<!-- {name}: begin -->\n"),
        format!("<!-- {name}: end -->"),
    );
    let (front, rest) = text.split_once(&begin).unwrap();
    let (_, back) = rest.split_once(&end).unwrap();
    format!("{front}{begin}{table}{end}{back}")
}

fn settings_table() -> String {
    let mut out =
        String::from("| Setting | Takes | Default | What it does |\n| --- | --- | --- | --- |\n");
    for s in TABLE {
        out += &format!(
            "| `{}` | {} | {} | {} |\n",
            s.path, s.takes, s.default, s.help
        );
    }
    out
}

fn metrics_table() -> String {
    let mut out =
        String::from("| Metric | Kind | Labels | What it says |\n| --- | --- | --- | --- |\n");
    for m in telemetry::TABLE {
        let labels: Vec<_> = m.labels.iter().map(|l| format!("`{l}`")).collect();
        out += &format!(
            "| `{}` | {} | {} | {} |\n",
            m.name,
            m.kind.as_str(),
            labels.join(", "),
            m.help.trim()
        );
    }
    out
}
