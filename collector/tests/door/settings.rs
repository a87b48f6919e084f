//! The program itself: its arguments, its one line, and what it says of wrong settings.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::harness::ready_line;

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farol-collector"));
    command.current_dir(folder).env_clear();
    command
}

fn check(toml: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("farol.toml"), toml).unwrap();
    let mut command = program(folder.path());
    command
        .args(["check-config", "--config", "farol.toml"])
        .output()
        .unwrap()
}

#[test]
fn a_wrong_setting_is_one_line_with_place_key_value_and_remedy() {
    let app = "[[apps]]\nname = \"shop\"\nkeys = [\"k1\"]\norigins = [\"*\"]\n";
    let http =
        "[[destinations]]\nname = \"b\"\ntype = \"otlp_http\"\nendpoint = \"http://a:4318\"\n";
    let documents = http.replace("otlp_http", "http");
    let elastic = http.replace("otlp_http", "elasticsearch");
    let clickhouse = http.replace("otlp_http", "clickhouse");
    let forward =
        "[[destinations]]\nname = \"b\"\ntype = \"fluent_forward\"\nendpoint = \"tcp://a:24224\"\n";
    let kafka = "[[destinations]]\nname = \"b\"\ntype = \"kafka\"\nbrokers = [\"a:9092\"]\n";
    let sdk_folder = tempfile::tempdir().unwrap();
    std::fs::write(sdk_folder.path().join("farol.js"), "1").unwrap();
    let sdk = format!("[sdk]\ndir = {:?}\n", sdk_folder.path());
    let lake = "[[destinations]]\nname = \"b\"\ntype = \"parquet\"\n";
    let cases: Vec<(String, &str)> = vec![
        (format!("version = 1\n{lake}bucket = \"a\""), "bucket = \"a\": 3 to 255 letters, digits"),
        (format!("version = 1\n{lake}bucket = \"rum\""), "destinations.b.region: it is missing; write the bucket's region, or the endpoint"),
        (format!("version = 1\n{lake}region = \"eu-west-1\""), "destinations.b.bucket: it is missing; region is a bucket's"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nregion = \"eu west\""), "region = \"eu west\": a region's name"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nendpoint = \"http://a:9000\""), "endpoint = \"http://a:9000\": what goes there could be read on the way; write https, or set allow_http"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nendpoint = \"https://10.0.0.1\"\npath_style = false"), "path_style = \"false\": a bucket cannot stand before an address"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nendpoint = \"https://minio.1:9000\""), "endpoint = \"https://minio.1:9000\": no host that can be asked"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nendpoint = \"https://999.1.1.1\""), "endpoint = \"https://999.1.1.1\": no host that can be asked"),
        (format!("version = 1\n{lake}bucket = \"Rum\"\nregion = \"us-east-1\""), "bucket = \"Rum\": names of hosts have no capitals"),
        (format!("version = 1\n{lake}bucket = \"rum\"\npath = \"p\"\nregion = \"a\""), "path = \"p\": bucket is there as well"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nregion = \"a\"\nprefix = \"a/../b\""), "prefix = \"a/../b\": names with a / between them"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nregion = \"a\"\nauth = {{ access_key_id = \"hunter2\" }}"), "destinations.b.auth.secret_access_key: it is missing; a key's name needs the key"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nregion = \"a\"\nauth = {{ access_key_id = \"k\", secret_access_key = \"hunter2 \" }}"), "destinations.b.auth.secret_access_key: it is empty, or has characters"),
        (format!("version = 1\n{lake}bucket = \"rum\"\nregion = \"a\"\nheaders = {{ a = \"b\" }}"), "no such setting here"),
        (format!("version = 1\n{}", kafka.replace("brokers = [\"a:9092\"]", "")), "destinations.b.brokers: it is missing; write brokers = [\"HOST:9092\"]"),
        (format!("version = 1\n{}", kafka.replace("a:9092", "a")), "destinations.b.brokers: 1 to 32 addresses HOST:PORT"),
        (format!("version = 1\n{}", kafka.replace("a:9092", "a:9092\", \"tls://b:9093")), "destinations.b.brokers: 1 to 32 addresses HOST:PORT"),
        (format!("version = 1\n{kafka}topic = \"a b\""), "topic = \"a b\": 1 to 249 letters, digits, dots, - and _"),
        (format!("version = 1\n{kafka}topic = \"{{app}}\"\nencoding = \"farol\""), "topic = \"{app}\": a record holds items of several kinds; write one topic for all"),
        (format!("version = 1\n{kafka}signals = [\"logs\"]\nencoding = \"farol\""), "signals = \"[logs]\": encoding = \"farol\" hands on whole records; leave it out"),
        (format!("version = 1\n{kafka}compression = \"brotli\""), "compression = \"brotli\": no such word; use one of none, gzip, snappy, lz4, zstd"),
        (format!("version = 1\n{kafka}sasl = \"plain\""), "destinations.b.auth: it is missing; write auth.basic with username and password"),
        (format!("version = 1\n{kafka}sasl = \"plain\"\nauth = {{ basic = {{ username = \"u\", password = \"hunter2\" }} }}"), "sasl = \"plain\": it sends the password as it is; write tls:// before the brokers"),
        (format!("version = 1\n{kafka}tls = {{ insecure_skip_verify = true }}"), "the endpoint is tcp; write tls there, or leave tls out"),
        ("version = 2".into(), "farol.toml:1: version = \"2\": this collector reads version 1"),
        ("listen = \"127.0.0.1:1\"".into(), "farol.toml: version: it is missing; write version = 1"),
        ("versoin = 1".into(), "farol.toml:1: versoin: no such setting here; did you mean version?"),
        ("version = 1\nlisten = ".into(), "farol.toml:2: this is no TOML"),
        ("version = 1\nlisten = \"here\"".into(), "farol.toml:2: listen = \"here\": write an address such as"),
        ("version = 1\nlisten = 70000".into(), "farol.toml:2: listen = \"70000\": write an address"),
        ("version = 1\nlisten = \"0.0.0.0:1\"".into(), "farol.toml:2: listen = \"0.0.0.0:1\": other machines can reach"),
        ("version = 1\nlisen = 1".into(), "farol.toml:2: lisen: no such setting here; did you mean listen?"),
        ("version = 1\nlisten_address = 1".into(), "farol.toml:2: listen_address: no such setting here; did you mean listen?"),
        ("version = 1\nlogging = 1".into(), "farol.toml:2: logging: no such setting here; docs/collector.md lists them"),
        ("version = 1\nadmin_listen = 12347".into(), "admin_listen = \"12347\": this is the address of listen"),
        ("version = 1\nallow_open = true\nlisten = \"0.0.0.0:22347\"\nadmin_listen = \"127.0.0.1:22347\"".into(), "admin_listen = \"127.0.0.1:22347\": this is the address of listen, or within it"),
        ("version = 1\nlisten = 22347\nadmin_listen = \"[::]:22347\"".into(), "admin_listen = \"[::]:22347\": this is the address of listen, or within it"),
        ("version = 1\ndata_dir = \"\"".into(), "data_dir = \"\": name a folder"),
        ("version = 1\nallow_open = \"yes\"".into(), "allow_open = \"yes\": write true or false"),
        ("version = 1\nshutdown_timeout = 5".into(), "shutdown_timeout = \"5\": write a duration such as"),
        ("version = 1\nshutdown_timeout = \"0s\"".into(), "shutdown_timeout = \"0s\": more than nothing"),
        ("version = 1\nlimits = 1".into(), "limits = \"1\": this is a table; write [limits]"),
        ("version = 1\n[limits]\nbody = \"many\"".into(), "farol.toml:3: limits.body = \"many\": write a size such as"),
        ("version = 1\n[queue]\nmax_bytes = \"99999999 TiB\"".into(), "queue.max_bytes = \"99999999 TiB\": write less; no machine has so many bytes"),
        ("version = 1\n[queue]\nmin_free = \"99999999 TiB\"".into(), "queue.min_free = \"99999999 TiB\": write less; no disk has so many bytes"),
        ("version = 1\n[limits]\nbody = \"6 MiB\"".into(), "limits.body = \"6 MiB\": a body is never larger as sent than inflated"),
        ("version = 1\n[limits]\ninflated = \"1 GiB\"".into(), "limits.inflated = \"1 GiB\": at most 16 MiB"),
        ("version = 1\n[limits]\nin_flight = \"1 MiB\"".into(), "limits.in_flight = \"1 MiB\": the largest body would not fit"),
        ("version = 1\n[limits]\nconnections = 0".into(), "limits.connections = \"0\": at least 1"),
        ("version = 1\npath = \"rum\"".into(), "path = \"rum\": write a path of letters"),
        ("version = 1\npath = \"/collect/x\"".into(), "path = \"/collect/x\": /collect has a meaning already"),
        ("version = 1\npath = \"/reports\"".into(), "path = \"/reports\": /reports has a meaning already"),
        (format!("version = 1\npath = \"/rum\"\n{sdk}path = \"/rum/sdk\""), "path = \"/rum\": the SDK's files would not be found (sdk.path = /rum/sdk)"),
        (format!("version = 1\npath = \"/sdk\"\n{sdk}"), "path = \"/sdk\": the SDK's files would not be found (sdk.path = /sdk)"),
        ("version = 1\npath = \"/a/../b\"".into(), "path = \"/a/../b\": write a path of letters"),
        ("version = 1\npath_only = true".into(), "path_only = \"true\": there is no path; name one"),
        ("version = 1\nproxy_protocol = [\"10.0.0.1/8\"]".into(), "proxy_protocol = \"[10.0.0.1/8]\": \"10.0.0.1/8\": the address has bits"),
        ("version = 1\n[tls]\ncert_file = \"none.pem\"".into(), "tls.key_file: it is missing; a certificate needs its key"),
        ("version = 1\n[tls]\nhandshakes = 2".into(), "tls.cert_file: it is missing; name the certificate's PEM file"),
        ("version = 1\n[tls]\ncert_file = \"none.pem\"\nkey_file = \"none.pem\"".into(), "tls.cert_file = \"none.pem\": the file cannot be read"),
        ("version = 1\n[tls]\ncert_file = \"farol.toml\"\nkey_file = \"farol.toml\"".into(), "tls.cert_file = \"farol.toml\": it holds no certificate in PEM"),
        ("version = 1\n[geo]\ndatabase = \"none.mmdb\"".into(), "farol.toml:3: geo.database = \"none.mmdb\": it cannot be read; name a database in MaxMind's format"),
        ("version = 1\n[geo]\nnetworks = \"farol.toml\"".into(), "farol.toml:3: geo.networks = \"farol.toml\": it is no database in MaxMind's format"),
        ("version = 1\n[[filters]]\nname = \"a\"\nwhen = 'kind == \"exeption\"'".into(), "filters.a.when = \"kind == \\\"exeption\\\"\": \"exeption\" is no kind of item; write log, exception,"),
        ("version = 1\ndata_dir = \"farol.toml\"".into(), "farol.toml:2: data_dir = \"farol.toml\": it is no folder; name a folder that can be written"),
        ("version = 1\ndata_dir = \"farol.toml/data\"".into(), "farol.toml:2: data_dir = \"farol.toml/data\": it cannot be made: a file stands in its way"),
        ("version = 1\ndata_dir = \"/proc/farol\"".into(), "farol.toml:2: data_dir = \"/proc/farol\": it cannot be made"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"otlp_file\"\npath = \"farol.toml\"".into(), "farol.toml:5: destinations.b.path = \"farol.toml\": it is no folder"),
        ("version = 1\nallow_open = true\nlisten = \"192.0.2.1:80\"".into(), "farol.toml:3: listen = \"192.0.2.1:80\": this machine has no such address"),
        ("version = 1\n[sdk]\ndir = \"none\"".into(), "sdk.dir = \"none\": there is no such folder (looked for from /"),
        ("version = 1\n[sdk]\ndir = \"/none\"".into(), "sdk.dir = \"/none\": there is no such folder; name the folder dist of @farol/web"),
        ("version = 1\n[sdk]\ndir = \"farol.toml\"".into(), "sdk.dir = \"farol.toml\": it is no folder (looked for from /"),
        ("version = 1\n[sdk]\ndir = \".\"".into(), "sdk.dir = \".\": it holds no file that a page loads; name the folder dist of @farol/web"),
        ("version = 1\n[sdk]\npath = \"/x\"".into(), "sdk.dir: it is missing; name the folder of the SDK's built files"),
        ("version = 1\n[limits]\nbodi = 1".into(), "farol.toml:3: limits.bodi: no such setting here; did you mean body?"),
        ("version = 1\n[queue]\ntype = \"disc\"".into(), "queue.type = \"disc\": no such word; did you mean disk?; use one of disk, memory"),
        ("version = 1\n[queue]\ncommit_wait = \"2s\"".into(), "queue.commit_wait = \"2s\": at most 1s"),
        ("version = 1\n[queue]\nmin_free = -1".into(), "queue.min_free = \"-1\": write a size"),
        ("version = 1\n[queue]\nmin_free = \"100%\"".into(), "queue.min_free = \"100%\": write a size"),
        ("version = 1\n[queue]\nmax_age = \"5s\"".into(), "queue.max_age = \"5s\": at least 1m"),
        ("version = 1\n[queue]\ntype = \"memory\"\nmin_free = \"5%\"".into(), "queue.min_free = \"5%\": the queue in memory has no such bound"),
        ("version = 1\n[queue]\nmax_bytes = \"2 MiB\"".into(), "queue.max_bytes = \"2 MiB\": at least 10 MiB (twice limits.inflated)"),
        ("version = 1\n[queue]\nmax_bytes = \"1 KiB\"".into(), "queue.max_bytes = \"1 KiB\": at least 10 MiB (twice limits.inflated)"),
        ("version = 1\n[limits]\nbody = \"1 KiB\"\ninflated = \"1 KiB\"\n[queue]\nmax_bytes = 1000".into(), "queue.max_bytes = \"1000\": at least 1 MiB"),
        ("version = 1\n[limits]\nbody = \"1 KiB\"\ninflated = 1500001\n[queue]\nmax_bytes = \"2 MiB\"".into(), "queue.max_bytes = \"2 MiB\": at least 3000002 bytes (twice limits.inflated)"),
        ("version = 1\n[limits]\nheader_bytes = 77".into(), "limits.header_bytes = \"77\": at least 8 KiB"),
        ("version = 1\n[telemetry]\nlog = \"a=b=c\"".into(), "telemetry.log = \"a=b=c\": write error, warn, info, debug"),
        ("version = 1\napps = 1".into(), "apps = \"1\": this is a list of tables; write [[apps]]"),
        ("version = 1\n[[apps]]\nkeys = [\"k\"]".into(), "farol.toml:2: apps.1.name: it is missing"),
        ("version = 1\n[[apps]]\nname = \"shop\"".into(), "farol.toml:2: apps.shop.keys: an app needs one key at least"),
        ("version = 1\n[[apps]]\nname = \"shop\"\nkeys = [\"a/b\"]".into(), "farol.toml:4: apps.shop.keys: a key is letters"),
        ("version = 1\n[[apps]]\nname = \"shop\"\nkeys = [\"k\"]".into(), "apps.shop.origins: name the pages that may send"),
        (format!("version = 1\n{}", app.replace("shop", "re\\u001bd\\nline")), "apps.re\u{fffd}d\u{fffd}line.name = \"re\\u{1b}d\\nline\": a name holds no line breaks"),
        (format!("version = 1\n{}", app.replace('*', "null")), "apps.shop.origins = \"[null]\": \"null\": this is what pages without an origin send"),
        (format!("version = 1\n{}", app.replace('*', "ftp://x.example")), "\"ftp://x.example\": no page has an origin of this scheme; write https"),
        (
            "version = 1\n[[apps]]\nname = \"shop\"\nkeys = [\"k\"]\norigins = [\"https://a.example/x\"]".into(),
            "apps.shop.origins = \"[https://a.example/x]\": \"https://a.example/x\": an origin is scheme, host and port only",
        ),
        (format!("version = 1\n{app}{app}"), "apps.shop.name = \"shop\": two apps have this name"),
        (format!("version = 1\n{app}{}", app.replace("shop", "two")), "apps.two.keys: a key belongs to app \"shop\" as well"),
        (format!("version = 1\n{}", app.replace("[\"k1\"]", "[\"k\", \"k\"]")), "apps.shop.keys: a key stands there twice"),
        (format!("version = 1\n{}", app.replace("[\"k1\"]", "[{ label = \"a\" }]")), "apps.shop.keys[].key: it is missing"),
        (format!("version = 1\n{}", app.replace("[\"k1\"]", "[{ key = \"k\", until = 1 }]")), "apps.shop.keys[].until: no such setting here"),
        (format!("version = 1\n{}", app.replace("[\"k1\"]", "[{ key = \"k\", not_after = \"soon\" }]")), "apps.shop.keys[].not_after = \"soon\": write a day such as 2026-12-31"),
        (format!("version = 1\n{}", app.replace("[\"k1\"]", "[{ key = \"k\", label = \"2\" }, \"l\"]")), "apps.shop.keys: two keys are called \"2\""),
        (format!("version = 1\n{app}sdk = {{ rates = {{ spans = 1 }} }}"), "apps.shop.sdk.rates.spans: no such setting here; did you mean span?"),
        (format!("version = 1\n{app}sdk = {{ rates = {{ log = 2 }} }}"), "apps.shop.sdk.rates.log = \"2\": write a number from 0 to 1"),
        (format!("version = 1\n{app}sampling = 2"), "apps.shop.sampling = \"2\": write a number from 0 to 1"),
        (format!("version = 1\n{app}disk_quota = 5"), "apps.shop.disk_quota = \"5\": at least 1 MiB"),
        (format!("version = 1\n{app}disk_quota = \"2 MiB\"\n[queue]\ntype = \"memory\""), "apps.shop.disk_quota = \"2 MiB\": the queue in memory has no such bound"),
        (format!("version = 1\n{app}labels = {{ \"a b\" = \"c\" }}"), "apps.shop.labels = \"a table\": \"a b\" is no attribute's name"),
        (format!("version = 1\n{app}rate = {{ request = 5 }}"), "apps.shop.rate.request: no such setting here; did you mean requests?"),
        ("version = 1\ntrusted_proxies = [\"10.0.0.1/8\"]".into(), "trusted_proxies = \"[10.0.0.1/8]\": "),
        ("version = 1\nforwarded_header = \"x-real-ip\"".into(), "forwarded_header = \"x-real-ip\": no such word; use one of x-forwarded-for, forwarded"),
        ("version = 1\n[limits]\nzstd_window = \"3 MiB\"".into(), "limits.zstd_window = \"3 MiB\": a power of two"),
        ("version = 1\n[limits]\ndepth = 1000".into(), "limits.depth = \"1000\": 8 to 128"),
        ("version = 1\n[limits]\nitems = 5000".into(), "limits.items = \"5000\": at most 2000"),
        ("version = 1\n[[filters]]\nname = \"f\"".into(), "filters.f.when: it is missing"),
        ("version = 1\n[[filters]]\nname = \"f\"\nwhen = 'colour == 1'".into(), "filters.f.when = \"colour == 1\": at letter 1 stands"),
        ("version = 1\nroutes = [\"/user-{id}\"]".into(), "routes = \"[/user-{id}]\": \"/user-{id}\": {name} stands for a whole part"),
        ("version = 1\n[[attributes]]\nname = \"a\"".into(), "attributes.a.set: it is missing"),
        ("version = 1\n[[attributes]]\nname = \"a\"\nset = { \"a b\" = \"c\" }".into(), "\"a b\" is no attribute's name"),
        ("version = 1\nclient_address = \"keep\"".into(), "client_address = \"keep\": no such word; use one of drop, truncate"),
        ("version = 1\ndestinations = []".into(), "destinations = \"[]\": without a destination all data would be lost"),
        ("version = 1\n[[destinations]]\nname = \"b\"".into(), "destinations.b.type: it is missing"),
        ("version = 1\n[[destinations]]\nname = \"B\"\ntype = \"terminal\"".into(), "destinations.B.name = \"B\": at most 64 small letters"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"otlphttp\"".into(), "type = \"otlphttp\": no such word; did you mean otlp_http?"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"otlp_http\"".into(), "destinations.b.endpoint: it is missing"),
        (http.replace("[[", "version = 1\n[[").replace("endpoint", "endpont"), "farol.toml:5: destinations.b.endpont: no such setting here; did you mean endpoint?"),
        (format!("version = 1\n{}", http.replace("http://a:4318", "a:4318")), "destinations.b.endpoint = \"a:4318\": write a URL with http://"),
        (format!("version = 1\n{http}{http}"), "destinations.b.name = \"b\": two destinations have this name"),
        (format!("version = 1\n{http}{}", http.replace("\"b\"", "\"b-000001\"")), "destinations.b-000001.name = \"b-000001\": its dead letters would lie in a file of \"b\""),
        (format!("version = 1\n{http}compression = \"brotli\""), "destinations.b.compression = \"brotli\": no such word; use one of none, gzip, zstd"),
        (format!("version = 1\n{http}auth = {{ basic = {{ username = \"u\" }} }}"), "destinations.b.auth.basic.password: it is missing; a user needs a password"),
        (format!("version = 1\n{http}auth = {{ basic = {{ password = \"hunter2\" }} }}"), "destinations.b.auth.basic.username: it is missing; a password needs its user"),
        (format!("version = 1\n{http}auth = {{ bearer = \"hunter2\", basic = {{ username = \"u\", password = \"p\" }} }}"), "destinations.b.auth.bearer: auth.basic is there as well; leave one of them out"),
        (format!("version = 1\n{http}auth = {{ bearer = \"hunter2\" }}\nheaders = {{ authorization = \"a\" }}"), "destinations.b.auth: headers.authorization says it as well; leave one of them out"),
        (format!("version = 1\n{http}auth = {{ bearer = \"\" }}"), "destinations.b.auth.bearer: it is empty, or has characters"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"prometheus_remote_write\"\nendpoint = \"http://a:9090\"".into(), "destinations.b.endpoint = \"http://a:9090\": this is the whole address; write its path too"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"prometheus_remote_write\"\nendpoint = \"http://a/w\"\ntemporality = \"delta\"".into(), "destinations.b.temporality = \"delta\": Prometheus counts what is cumulative"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"loki\"\nendpoint = \"http://a\"\nlabels = { \"a.b\" = \"c\" }".into(), "destinations.b.labels = \"a table\": \"a.b\" is no label"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"loki\"\nendpoint = \"http://a\"\nlabels = { a = \"1\", b = \"2\", c = \"3\", d = \"4\", e = \"5\", f = \"6\", g = \"7\", h = \"8\" }\nstatic_labels = { i = \"1\", j = \"2\", k = \"3\", l = \"4\", m = \"5\", n = \"6\", o = \"7\", p = \"8\" }".into(), "destinations.b.static_labels = \"a table\": with labels they are 16, and Loki takes 15; leave 1 out"),
        ("version = 1\n[[destinations]]\nname = \"aggregate\"\ntype = \"terminal\"".into(), "destinations.aggregate.name = \"aggregate\": the collector's own metrics keep their place"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"loki\"\nendpoint = \"http://a\"\nlabels = {}".into(), "destinations.b.labels = \"a table\": Loki wants one label at least"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"loki\"\nendpoint = \"http://a\"\nstatic_labels = { kind = \"c\" }".into(), "destinations.b.static_labels = \"a table\": kind is in labels as well"),
        (format!("version = 1\n{http}fallbacks = [\"http://b\"]\nspread = [\"http://c\"]"), "destinations.b.spread = \"[http://c]\": fallbacks is there as well"),
        (format!("version = 1\n{http}fallbacks = [\"http://b:0\"]"), "destinations.b.fallbacks: an address has the scheme of endpoint, a host, and no port above 65535"),
        (format!("version = 1\n{http}spread = [\"http://b\", \"http://c:99999\"]"), "destinations.b.spread: an address has the scheme of endpoint, a host, and no port above 65535"),
        (format!("version = 1\n{http}fallbacks = [\"http://me:hunter2@c\"]"), "destinations.b.fallbacks: a URL holds no user or password here"),
        (format!("version = 1\n{http}fallbacks = [\"https://b\"]"), "destinations.b.fallbacks: an address has the scheme of endpoint"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"loki\"\nendpoint = \"http://a\"\nspread = [\"http://c\"]".into(), "destinations.b.spread = \"[http://c]\": only OTLP destinations can be several servers"),
        (format!("version = 1\n{http}tenant = \"a/b\""), "destinations.b.tenant = \"a/b\": 1 to 150 letters"),
        (format!("version = 1\n{http}signals = [\"log\"]"), "destinations.b.signals = \"[log]\": \"log\" is none; use logs, traces, metrics"),
        ("version = 1\n[[destinations]]\nname = \"b\"\ntype = \"terminal\"\nsignals = [\"logs\", \"metrics\"]".into(), "destinations.b.signals = \"[logs, metrics]\": a destination of this type takes no metrics"),
        (format!("version = 1\n{http}dialect = \"loki\""), "destinations.b.dialect = \"loki\": no such word"),
        (format!("version = 1\n{http}tls = {{ ca_file = \"x\" }}"), "destinations.b.tls = \"a table\": the endpoint is http; write https there"),
        (format!("version = 1\n{}tls = {{ ca_file = \"none.pem\" }}", http.replace("http:", "https:")), "destinations.b.tls.ca_file = \"none.pem\": the file cannot be read"),
        (format!("version = 1\n{}", http.replace(":4318", ":99999")), "destinations.b.endpoint = \"http://a:99999\": write a URL with http:// or https://, a host, and no port above 65535"),
        (format!("version = 1\n{http}auth = {{ bearer = {{ file = \"none\" }} }}"), "destinations.b.auth.bearer = \"none\": the file cannot be read from the folder that the collector was started in (entity not found); name one that can"),
        (format!("version = 1\n{http}headers = {{ authorization = {{ file = \"/dev/null\" }} }}"), "destinations.b.headers.authorization = \"/dev/null\": nothing stands in the file; write the secret into it"),
        (format!("version = 1\n{http}headers = {{ Content-Length = \"3\" }}"), "destinations.b.headers: Content-Length is the collector's own to set; leave it out"),
        (
            "version = 1\n[[destinations]]\nname = \"a\"\ntype = \"otlp_file\"\npath = \"x\"\n[[destinations]]\nname = \"b\"\ntype = \"otlp_file\"\npath = \"./x\"".into(),
            "destinations.b.path = \"./x\": destination \"a\" writes there; name another folder",
        ),
        ("version = 1\n[[destinations]]\nname = \"a\"\ntype = \"otlp_file\"\npath = \"\"".into(), "destinations.a.path = \"\": name a folder"),
        ("version = 1\n[limits]\nheader_bytes = \"4 GiB\"".into(), "limits.header_bytes = \"4 GiB\": at most 1 MiB"),
        ("version = 1\n[telemetry]\nlog = \"warning\"".into(), "telemetry.log = \"warning\": write error, warn, info, debug"),
        (format!("version = 1\n{http}color = true"), "destinations.b.color: no such setting here"),
        (format!("version = 1\n{http}[destinations.headers]\n\"a b\" = \"c\""), "destinations.b.headers: \"a b\" is no header's name"),
        (format!("version = 1\n{http}[destinations.retry]\ninitial = \"2m\""), "destinations.b.retry.initial = \"2m\": the first wait is longer"),
        (format!("version = 1\n{documents}signals = [\"metrics\"]"), "destinations.b.signals = \"[metrics]\": a destination of this type takes no metrics"),
        (format!("version = 1\n{documents}format = \"xml\""), "destinations.b.format = \"xml\": no such word; use one of ndjson, json"),
        (format!("version = 1\n{documents}item_headers = {{ x-a = \"{{ap}}\" }}"), "destinations.b.item_headers = \"a table\": x-a: {ap} is nothing that an item has; use {app}"),
        (format!("version = 1\n{documents}headers = {{ x-a = \"hunter2\" }}\nitem_headers = {{ x-a = \"{{app}}\" }}"), "destinations.b.item_headers = \"a table\": headers.x-a says it as well"),
        (format!("version = 1\n{elastic}dataset = \"a-b\""), "destinations.b.dataset = \"a-b\": 1 to 100 small letters"),
        (format!("version = 1\n{elastic}compression = \"zstd\""), "destinations.b.compression = \"zstd\": Elasticsearch does not unpack it"),
        (format!("version = 1\n{elastic}retention = \"36h\""), "destinations.b.retention = \"36h\": whole days, such as \"30d\""),
        (format!("version = 1\n{clickhouse}database = \"a; DROP\""), "destinations.b.database = \"a; DROP\": 1 to 100 letters, digits and _"),
        (format!("version = 1\n{clickhouse}logs_table = \"otel_traces\""), "destinations.b.traces_table: log records go there already"),
        (format!("version = 1\n{}", forward.replace("tcp:", "http:")), "destinations.b.endpoint = \"http://a:24224\": write a URL with tcp:// or tls://"),
        (format!("version = 1\n{forward}tag = \"{{app\""), "destinations.b.tag = \"{app\": a brace is not closed"),
        // What quotes a part of the value stays in its line as well.
        (format!("version = 1\n{forward}tag = \"{{a\\n\\u001bpp}}\""), "destinations.b.tag = \"{a\\n\\u{1b}pp}\": {a\\n\\u{1b}pp} is nothing that an item has"),
        (format!("version = 1\n{forward}compression = \"zstd\""), "destinations.b.compression = \"zstd\": what speaks the Forward protocol does not read it"),
        (format!("version = 1\n{forward}auth = {{ basic = {{ username = \"u\", password = \"hunter2\" }} }}"), "destinations.b.shared_key: it is missing; servers ask for a user with a shared key alone"),
        (format!("version = 1\n{forward}shared_key = 7"), "destinations.b.shared_key: write a text"),
        (format!("version = 1\n{forward}tls = {{ ca_file = \"x\" }}"), "destinations.b.tls = \"a table\": the endpoint is tcp; write tls there"),
        (format!("version = 1\n{http}[destinations.batch]\nmax_wait = \"2m\""), "destinations.b.batch.max_wait = \"2m\": at most 60s"),
    ];
    for (toml, expected) in cases {
        let output = check(&toml);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{toml}\n{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        assert!(
            said.contains(expected),
            "{toml}\n  said: {said}  not: {expected}"
        );
    }
}

/// Before a port is bound, and by `check-config`: the destination itself would see it only after that.
#[test]
fn a_file_of_tls_that_does_not_hold_what_it_is_for_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let own = || rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let (one, two) = (own(), own());
    let cert = write("cert.pem", &one.cert.pem());
    let key = write("key.pem", &one.signing_key.serialize_pem());
    let other = write("other.pem", &two.signing_key.serialize_pem());
    let begun = write(
        "begun.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let with = |tls: &str| {
        let toml = "version = 1\n[[destinations]]\nname = \"b\"\ntype = \"otlp_http\"\nendpoint = \"https://a\"\n[destinations.tls]\n";
        let output = check(&format!("{toml}{tls}"));
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    for (tls, expected) in [
        (
            format!("ca_file = {begun:?}"),
            "begun.pem\": invalid peer certificate",
        ),
        (
            format!("ca_file = {key:?}"),
            "key.pem\": it holds no certificate in PEM; name another",
        ),
        (
            format!("cert_file = {cert:?}\nkey_file = {cert:?}"),
            "cert.pem\": it holds no private key in PEM; name another",
        ),
        (
            format!("cert_file = {cert:?}\nkey_file = {other:?}"),
            "other.pem\": it is not the key of cert_file",
        ),
        (
            "server_name = \"no name\"".into(),
            "destinations.b.tls.server_name = \"no name\": write a host's name",
        ),
    ] {
        let (code, said) = with(&tls);
        assert_eq!(code, Some(2), "{tls}\n{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.contains(expected),
            "{tls}\n  said: {said}  not: {expected}"
        );
    }
    let all = format!(
        "ca_file = {cert:?}\ncert_file = {cert:?}\nkey_file = {key:?}\nserver_name = \"127.0.0.1\""
    );
    assert_eq!(with(&all), (Some(0), String::new()));
}

#[test]
fn no_secret_is_ever_shown() {
    let toml = "version = 1\n[[apps]]\nname = \"shop\"\nkeys = \"hunter2\"\n[telemetry]\ntraces_headers = \"hunter2\"";
    let said = String::from_utf8(check(toml).stderr).unwrap();
    assert!(
        said.contains("apps.shop.keys: write a list of texts"),
        "{said}"
    );
    assert!(!said.contains("hunter2"));
    let toml = "version = 1\n[telemetry]\ntraces_endpoint = \"https://user:hunter2@a.example\"";
    let said = String::from_utf8(check(toml).stderr).unwrap();
    assert!(
        said.contains("telemetry.traces_endpoint: a URL holds no user or password"),
        "{said}"
    );
    assert!(!said.contains("hunter2"));
    let to = "version = 1\n[[destinations]]\nname = \"b\"\ntype = \"otlp_http\"\nendpoint = \"http://a\"\n";
    for value in ["7331", "[\"7331\"]", "{ fil = \"/7331\" }", "true"] {
        let toml = format!("{to}headers = {{ accept = \"a\", authorization = {value} }}");
        let said = String::from_utf8(check(&toml).stderr).unwrap();
        let wanted = "farol.toml:6: destinations.b.headers.authorization: write a text in quotes, or { file = \"/run/secrets/…\" }";
        assert!(said.contains(wanted) && !said.contains("7331"), "{said}");
    }
    let said = String::from_utf8(check(&format!("{to}headers = \"hunter2\"")).stderr).unwrap();
    assert!(
        said.contains("destinations.b.headers: write a table of texts"),
        "{said}"
    );
    assert!(!said.contains("hunter2"));
    let toml = "version = 1\n[[attributes]]\nname = \"a\"\nset = { team = 7 }";
    let said = String::from_utf8(check(toml).stderr).unwrap();
    assert!(
        said.ends_with("attributes.a.set.team: write a text in quotes\n"),
        "{said}"
    );
}

#[test]
fn what_stands_where_a_secret_belongs_or_beside_one_is_not_shown() {
    let to = |kind: &str, rest: &str| {
        format!("[[destinations]]\nname = \"b\"\ntype = \"{kind}\"\n{rest}\n")
    };
    let http = |rest: &str| {
        to(
            "otlp_http",
            &format!("endpoint = \"http://a:4318\"\n{rest}"),
        )
    };
    let several = |key: &str, urls: &str| http(&format!("{key} = [{urls}]"));
    for (toml, expected) in [
        (
            http("auth = \"Bearer hunter2\""),
            "destinations.b.auth: this is a table; write [destinations.b.auth]",
        ),
        (
            http("auth = { basic = \"me:hunter2\" }"),
            "destinations.b.auth.basic: this is a table",
        ),
        (
            http("auth = { basic = { username = \"me:hunter2\", password = \"p\" } }"),
            "auth.basic.username: it ends at a colon",
        ),
        (
            to("kafka", "brokers = \"me:hunter2@h:1\""),
            "brokers = \"(hidden)@h:1\": write a list of texts",
        ),
        (
            to("kafka", "brokers = [\"h:1\"]\nauth = \"hunter2\""),
            "destinations.b.auth: this is a table",
        ),
        (
            several("fallbacks", "\"http://c:1\"")
                + "spread = [\"http://d:1\", \"http://me:hunter2@e:1\"]",
            "destinations.b.spread: a URL holds no user or password here",
        ),
        (
            to(
                "loki",
                "endpoint = \"http://a\"\nspread = [\"http://d:1\", \"http://me:hunter2@e:1/p\"]",
            ),
            "spread = \"[http://d:1, http://(hidden)@e:1/p]\": only OTLP destinations",
        ),
        (
            "[[sources]]\nname = \"s\"\ntype = \"kafka\"\nbrokers = [\"h:1\"]\nauth = \"hunter2\""
                .into(),
            "sources.s.auth: this is a table",
        ),
        (
            "[[apps]]\nname = \"shop\"\nkeys = [\"k\"]\norigins = [\"https://me:hunter2@a.example\"]".into(),
            "\"https://(hidden)@a.example\": an origin is scheme, host and port only",
        ),
        ("trusted_proxies = [\"http://me:hunter2@a\"]".into(), "\"http://(hidden)@a\": write an address or a range"),
    ] {
        let said = String::from_utf8(check(&format!("version = 1\n{toml}")).stderr).unwrap();
        assert!(said.contains(expected), "{toml}\n  said: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(folder.path());
    command.env("FAROL_DESTINATIONS__B__AUTH", "hunter2");
    let said = command.arg("check-config").output().unwrap().stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.starts_with("farol-collector: FAROL_DESTINATIONS__B__") && !said.contains("hunter2"),
        "{said}"
    );
    let toml = to(
        "http",
        "endpoint = \"http://a\"\nitem_headers = { authorization = \"Bearer {app} hunter2\" }",
    );
    std::fs::write(
        folder.path().join("farol.toml"),
        format!("version = 1\n{toml}"),
    )
    .unwrap();
    let mut command = program(folder.path());
    let output = command
        .args(["print-config", "--config", "farol.toml"])
        .output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(said.contains("authorization = \"(hidden)\""), "{said}");
}

#[test]
fn a_queue_in_memory_over_what_the_disk_still_holds_is_refused_before_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let queue = folder.path().join("farol-data/queue");
    std::fs::create_dir_all(&queue).unwrap();
    let mut command = program(folder.path());
    let command = command
        .env("FAROL_QUEUE__TYPE", "memory")
        .arg("check-config");
    assert!(command.output().unwrap().status.success());
    std::fs::write(queue.join("00000000000000000000.segment"), "").unwrap();
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("queue.type = \"memory\": the queue on disk holds what is not delivered"),
        "{said}"
    );
    // One that runs there is another matter.
    let lock = std::fs::File::create(folder.path().join("farol-data/lock")).unwrap();
    lock.lock().unwrap();
    assert!(command.output().unwrap().status.success());
}

#[test]
fn a_file_that_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(folder.path())
        .args(["--config", "none.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("none.toml: the file cannot be read"),
        "{said}"
    );
}

#[test]
fn a_wrong_argument_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["--listn", "1"][..],
        &["--listen"],
        &["run"],
        &["check-config", "--listen", "x"],
    ] {
        let output = program(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    }
}

#[test]
fn an_address_that_others_reach_without_one_for_operators_is_remarked() {
    let app = "[[apps]]\nname = \"shop\"\nkeys = [\"k1\"]\norigins = [\"*\"]\n";
    let said = |listen: &str| {
        let output = check(&format!("version = 1\n{listen}\n{app}"));
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let remarked = said("listen = \"0.0.0.0:0\"");
    let lines: Vec<_> = remarked.lines().collect();
    assert_eq!(lines.len(), 2, "{remarked}");
    assert!(
        lines[1].contains("/metrics") && lines[1].contains("set admin_listen"),
        "{remarked}"
    );
    for quiet in [
        "listen = \"127.0.0.1:0\"",
        "listen = \"0.0.0.0:0\"\nadmin_listen = \"127.0.0.1:0\"",
    ] {
        assert_eq!(said(quiet).lines().count(), 1, "{quiet}");
    }
}

#[test]
fn the_environment_counts_over_the_file_and_arguments_over_both() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "version = 1\nlisten = 1001\n[[destinations]]\nname = \"my-backend\"\ntype = \"otlp_http\"\nendpoint = \"http://a\"";
    std::fs::write(folder.path().join("farol.toml"), toml).unwrap();
    let run = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = program(folder.path());
        command
            .envs(environment.iter().copied())
            .args(["check-config", "--config", "farol.toml"]);
        let output = command.args(arguments).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(run(&[], &[]).contains("listen 127.0.0.1:1001,"));
    let listen = ("FAROL_LISTEN", "127.0.0.1:1002");
    assert!(run(&[listen], &[]).contains("listen 127.0.0.1:1002,"));
    assert!(run(&[listen], &["--listen", "1003"]).contains("listen 127.0.0.1:1003,"));
    let broken = run(&[("FAROL_DESTINATIONS__MY_BACKEND__ENDPOINT", "a")], &[]);
    assert!(
        broken.contains(
            "FAROL_DESTINATIONS__MY_BACKEND__ENDPOINT: destinations.my-backend.endpoint = \"a\""
        ),
        "{broken}"
    );
    let more = run(&[("FAROL_DESTINATIONS__tty__TYPE", "terminal")], &[]);
    assert!(
        more.contains("destinations: my-backend (otlp_http), tty (terminal)"),
        "{more}"
    );
    let app = [
        ("FAROL_APPS__SHOP__KEYS", "k1,k2"),
        ("FAROL_APPS__SHOP__ORIGINS", "https://a.example"),
    ];
    assert!(run(&app, &[]).contains("apps: shop,"));
    assert!(
        run(&[("FAROL_LIMITS__BODY", "x")], &[])
            .contains("FAROL_LIMITS__BODY: limits.body = \"x\"")
    );
    assert!(
        run(&[("FAROL_LISTN", "1")], &[])
            .contains("FAROL_LISTN: no such setting; did you mean FAROL_LISTEN?")
    );
    // What Kubernetes puts beside a Service of such a name.
    for name in [
        "FAROL_PORT",
        "FAROL_SDK_PORT",
        "FAROL_QUEUE_PORT",
        "FAROL_ADMIN_PORT",
    ] {
        let said = run(&[(name, "tcp://10.0.0.1:80")], &[]);
        assert!(said.contains("the settings are valid"), "{name}: {said}");
    }
    for (name, value) in [
        ("FAROL_SERVICE_HOST", "10.0.0.1"),
        ("FAROL_SERVICE_HOST", "fd00::1"),
        ("FAROL_METRICS_SERVICE_HOST", "10.0.0.1"),
        ("FAROL_SERVICE_PORT", "80"),
        ("FAROL_SERVICE_PORT_HTTP", "80"),
        ("FAROL_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("FAROL_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("FAROL_PORT_80_TCP_PORT", "80"),
        ("FAROL_PORT_80_TCP_PROTO", "tcp"),
    ] {
        let said = run(&[(name, value)], &[]);
        assert!(said.contains("the settings are valid"), "{name}: {said}");
    }
    assert!(run(&[("FAROL_SERVICE_HOST", "x")], &[]).contains("no such setting"));
    assert!(run(&[("FAROL_PORT", "80")], &[]).contains("did you mean FAROL_PATH?"));
    for (slip, meant) in [
        ("FAROL_APP__SHOP__KEYS", "FAROL_APPS__SHOP__KEYS"),
        (
            "FAROL_DESTINATION__MY_BACKEND__ENDPOINT",
            "FAROL_DESTINATIONS__MY_BACKEND__ENDPOINT",
        ),
        ("FAROL_FILTER__A__WHEN", "FAROL_FILTERS__A__WHEN"),
    ] {
        let said = run(&[(slip, "http://x")], &[]);
        assert!(
            said.contains(&format!("{slip}: no such setting; did you mean {meant}?")),
            "{said}"
        );
    }
    assert!(run(&[("FAROL_QUEUE__MIN_FREE", "1073741824")], &[]).contains("are valid"));
    for slip in ["FAROL_DESTINATIONS_MY_BACKEND_ENDPOINT", "FAROL_APPS"] {
        let said = run(&[(slip, "x")], &[]);
        assert!(
            said.contains(&format!("{slip}: entries of lists go by name")),
            "{said}"
        );
    }
    let empty = program(folder.path())
        .env("FAROL_CONFIG", "")
        .output()
        .unwrap();
    let said = String::from_utf8(empty.stderr).unwrap();
    assert!(
        said.contains("FAROL_CONFIG: it is empty; name a file"),
        "{said}"
    );
    let unreadable = std::os::unix::ffi::OsStrExt::from_bytes(b"/srv/\xff");
    let unreadable: &std::ffi::OsStr = unreadable;
    let output = program(folder.path())
        .arg("check-config")
        .env("FAROL_DATA_DIR", unreadable)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("FAROL_DATA_DIR: the value is no UTF-8"),
        "{said}"
    );
    assert!(
        run(&[("FAROL_CHROMIUM", "/usr/bin/chromium")], &[]).contains("the settings are valid")
    );
}

#[test]
fn the_ready_line_says_that_the_listener_speaks_https() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    let both = own.cert.pem() + &own.signing_key.serialize_pem();
    std::fs::write(folder.path().join("own.pem"), both).unwrap();
    let mut child = program(folder.path())
        .envs([
            ("FAROL_TLS__CERT_FILE", "own.pem"),
            ("FAROL_TLS__KEY_FILE", "own.pem"),
        ])
        .args(["--listen", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = ready_line(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains(" ready on https://127.0.0.1:"), "{line}");
}

#[test]
fn it_prints_one_ready_line_and_ends_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path())
        .args(["--listen", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(
        line.starts_with(&format!(
            "farol-collector {version} ready on http://127.0.0.1:"
        )),
        "{line}"
    );
    assert!(line.contains("queue: disk, data: ./farol-data"), "{line}");
    let second = program(folder.path())
        .args(["--listen", "0"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        String::from_utf8(second.stderr)
            .unwrap()
            .contains("another farol-collector uses it")
    );
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(child.wait().unwrap().success());
    assert!(lines.next().is_none(), "one line and no more");
}

#[test]
fn an_address_in_use_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program(folder.path())
        .args(["--listen", &address])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the address is in use"), "{said}");
}

/// Runs it until it is ready, sends so many batches, and kills it. Returns what it wrote to standard error.
fn run_and_kill(folder: &Path, batches: usize) -> String {
    let mut child = program(folder)
        .args(["--config", "farol.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    let address = line.split_once("http://").unwrap().1;
    let address = &address[..address.find(' ').unwrap()];
    for _ in 0..batches {
        let body = r#"{"meta":{},"logs":[{"message":"m","level":"info"}]}"#;
        let head = format!(
            "POST /collect HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    }
    child.kill().unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap()
}

#[test]
fn what_is_lost_at_a_start_is_said_in_a_line_for_each_kind_with_count_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = "version = 1\nlisten = \"127.0.0.1:0\"\ndata_dir = \"data\"\n[[destinations]]\nname = \"nobody\"\ntype = \"otlp_http\"\nendpoint = \"http://127.0.0.1:9\"\n";
    std::fs::write(folder.path().join("farol.toml"), nobody).unwrap();
    let whole = run_and_kill(folder.path(), 3);
    assert!(!whole.contains("ERROR"), "{whole}");
    let whole = run_and_kill(folder.path(), 0);
    assert!(!whole.contains("ERROR"), "{whole}");

    let queue = folder.path().join("data/queue");
    for file in std::fs::read_dir(&queue).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        match path.extension().and_then(|e| e.to_str()) {
            Some("segment") => {
                let mut bytes = bytes;
                let middle = bytes.len() / 2;
                bytes[middle] ^= 0xff;
                std::fs::write(&path, bytes).unwrap();
            }
            _ => std::fs::remove_file(&path).unwrap(),
        }
    }
    let ids = folder.path().join("data/dedupe/000000000099.ids");
    std::fs::write(ids, "damaged").unwrap();
    let said = run_and_kill(folder.path(), 0);
    let errors: Vec<_> = said.lines().filter(|l| l.contains("ERROR")).collect();
    for words in [
        [
            "segments of the queue are damaged",
            "files=1",
            "folder=data/queue",
        ],
        [
            "the queue's cursors are gone",
            "delivered again",
            "folder=data/queue",
        ],
        [
            "files of the batches that were taken are damaged",
            "files=1",
            "folder=data/dedupe",
        ],
    ] {
        let lines = errors
            .iter()
            .filter(|l| words.iter().all(|w| l.contains(w)));
        assert_eq!(lines.count(), 1, "{words:?}: {said}");
    }
}

/// A site's name is often its domain.
#[test]
fn names_may_hold_a_dot() {
    let output = check(
        "version = 1\n[[apps]]\nname = \"shop.example\"\nkeys = [\"k1\"]\nallow_no_origin = true\n\
         [apps.rate]\nrequests = 5\n\
         [[filters]]\nname = \"no.debug\"\nwhen = 'level == \"debug\"'\nkeep = 0.5\n\
         [[attributes]]\nname = \"a.b\"\nset = { \"x.y\" = \"z\" }\n",
    );
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
}
