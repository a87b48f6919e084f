//! Every setting there is, once: its path, what it takes, its default, and what it does. `docs/collector.md` is this table, and the
//! reader of settings knows no others; tests hold both.

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its path; `[]` stands for each entry of a list, `*` for any key.
    pub path: &'static str,
    /// What it takes.
    pub takes: &'static str,
    /// What holds where it is not set.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

macro_rules! settings {
    ($($path:literal, $takes:literal, $default:literal, $help:literal;)+) => {
        /// Every setting, in the order of the documentation.
        pub const TABLE: &[Setting] = &[$(Setting { path: $path, takes: $takes, default: $default, help: $help }),+];
    };
}

settings! {
    "version", "1", "required in a file", "The version of the file's layout.";
    "listen", "address", "127.0.0.1:12347", "Where browsers send to. `HOST:PORT`, or a port alone for 127.0.0.1. Port 0 takes a free one.";
    "admin_listen", "address", "none", "Moves `/metrics` and `/-/` to an address of their own. Without it probes (`/-/ready`, `/-/healthy`) are at `listen` for everybody, and `/metrics`, `/metrics/rum` and `/-/status` there for who asks on this machine, where `listen` is a loopback address; else nowhere.";
    "proxy_protocol", "list of addresses", "none", "Proxies in front of `listen` that speak PROXY protocol, version 1 or 2: addresses, or ranges such as `10.0.0.0/8`. Each of their connections has to begin with its header; nobody else's may.";
    "admin_proxy_protocol", "list of addresses", "none", "The same in front of `admin_listen`.";
    "tls.cert_file", "file", "none", "PEM file of the certificate and its chain: `listen` then speaks HTTPS alone, TLS 1.2 and 1.3. Read again when it changes.";
    "tls.key_file", "file", "none", "Its key, PEM.";
    "tls.handshake_timeout", "duration", "10s", "How long a handshake may take.";
    "tls.handshakes", "number", "1000", "Handshakes at once; a connection beyond is closed.";
    "path", "path", "none", "A path of your choice, such as `/rum`, below which all that is public is served as well: `/rum` and `/rum/{key}` are `/collect` and `/collect/{key}`; `/rum/config`, `/rum/reports` and what has more parts, such as `/rum/sdk/farol.js`, are what they are without it.";
    "path_only", "flag", "false", "Serves what is public below `path` alone.";
    "sdk.dir", "folder", "none", "A folder of the SDK's built files (`dist` of `@farol/web`) that is served.";
    "sdk.path", "path", "/sdk", "Where they are.";
    "data_dir", "folder", "./farol-data", "Where the collector keeps what it keeps. One collector to a folder.";
    "allow_open", "flag", "false", "Allows an address that other machines can reach while no `[[apps]]` are declared. Everybody can then send.";
    "shutdown_timeout", "duration", "10s", "How long stopping may take. What is not delivered by then goes to the data folder and is delivered after the next start.";
    "metrics_interval", "duration", "10s", "How often metrics made out of items go out at most.";
    "metrics_hold", "duration", "10m", "How long CLS and INP of a visit wait for a later report of it before they count. `0s` counts the first report.";
    "trusted_proxies", "list of addresses and ranges", "none", "Proxies whose word on a client's address is taken, such as `10.0.0.0/8`. The client is the rightmost hop that is not one of them.";
    "forwarded_header", "x-forwarded-for or forwarded", "x-forwarded-for", "The header in which they say it. The other one is not looked at: most proxies pass it on as a client made it up.";
    "apps[].name", "text", "required", "The app's name. It becomes `service.name`, whatever the page says.";
    "apps[].keys", "list of texts or tables", "required", "Keys that belong to the app; several, so that they can be rotated. A key comes in the path (`/collect/{key}`), in `x-api-key` or in `Authorization`. `/metrics` counts what each admits, by its place in the list.";
    "apps[].keys[].key", "text", "required", "The key, where more is to be said of it.";
    "apps[].keys[].label", "text", "its place in the list", "What the key is called in `/metrics`. The key itself is shown nowhere.";
    "apps[].keys[].not_after", "day or time", "none", "The last day (UTC), or moment, at which the key counts. 403 `expired_key` after it.";
    "apps[].origins", "list of origins", "required unless allow_no_origin", "Pages that may send: `https://shop.example`, `https://*.shop.example`, `shop.example` for both schemes, `*` for all.";
    "apps[].allow_no_origin", "flag", "false", "Takes requests without an Origin header: apps that are no web pages.";
    "apps[].allow_service_override", "flag", "false", "Makes a session's `overrides.serviceName` the `service.name` of its records, unless another declared app has that name. It is kept as an attribute in any case; metrics stay with the app.";
    "apps[].tenant", "text", "none", "The tenant that the app belongs to.";
    "apps[].labels.*", "text", "none", "Attributes of everything that the app sends; at most 16.";
    "apps[].rate.requests", "number", "none", "Requests a second of the app. 429 `rate_app` beyond; 0 for no limit.";
    "apps[].rate.bytes", "size", "none", "Bytes of bodies a second of the app, as sent (see Rates for what inflates to far more). 429 `rate_app` beyond; 0 for no limit.";
    "apps[].rate.burst", "duration", "10s", "How much time's worth of both may come at once; one request and one body of the largest size always may.";
    "apps[].rate.observe", "flag", "false", "Takes what is beyond, and only counts it.";
    "apps[].sampling", "number from 0 to 1", "1", "The share of the app's sessions that is kept, decided by the session's id.";
    "apps[].sdk.enabled", "flag", "true", "Whether the app's SDKs do anything, by their configuration document.";
    "apps[].sdk.rates.log", "number from 0 to 1", "none", "The share of sessions of which logs are kept, by the same document.";
    "apps[].sdk.rates.exception", "number from 0 to 1", "none", "The same of exceptions.";
    "apps[].sdk.rates.measurement", "number from 0 to 1", "none", "The same of measurements.";
    "apps[].sdk.rates.event", "number from 0 to 1", "none", "The same of events.";
    "apps[].sdk.rates.span", "number from 0 to 1", "none", "The same of spans.";
    "apps[].sdk.max_age", "duration", "5m", "How long SDKs and caches keep that document without asking again.";
    "apps[].disk_quota", "size", "none", "The most that the app may have in the queue on disk that some destination still wants, at least 1MiB. Beyond it its batches are refused (503), nobody else's.";
    "scrub.profile", "default or passthrough", "default", "`passthrough` takes nothing out of anything: for tests, and where a later step scrubs.";
    "scrub.named", "mask, hash, drop or keep", "mask", "What becomes of values whose name says that they are secret (`password`, `accessToken`, `x-api-key` …): attributes, and `name=value` in texts.";
    "scrub.secret_names", "list of texts", "none", "More names of secrets. A name counts that ends so, whatever its case and signs.";
    "scrub.mails", "mask, hash, drop or keep", "mask", "What becomes of mail addresses, wherever they stand.";
    "scrub.cards", "mask, hash, drop or keep", "mask", "What becomes of numbers of payment cards (an issuer's digits, and Luhn's sum right).";
    "scrub.ibans", "mask, hash, drop or keep", "mask", "What becomes of numbers of bank accounts (country, length, and ISO 7064's remainder right).";
    "scrub.tokens", "mask, hash, drop or keep", "mask", "What becomes of JWTs, bearer tokens, keys with a known prefix, private keys, and long random strings.";
    "scrub.ips", "mask, hash, drop or keep", "mask", "What becomes of IPv4 and IPv6 addresses. Versions, hosts of URLs and loopback stay.";
    "scrub.query", "scrub, strip or allow", "scrub", "What becomes of queries in URLs: secrets go, all goes, or all values but those of `query_allow`, also what stands there without a name (`?ana+silva`). Single values as `named` says: with `keep` they stay.";
    "scrub.query_allow", "list of texts", "required for allow", "Parameters whose values stay, and which stay without a value, where neither name (`token`) nor look says that they are secret.";
    "scrub.user_fields", "list of id, username, email, fullName, roles, hash, attributes", "none", "Fields of the user that stay, as attributes `user.*` too. All others go.";
    "scrub.hash_key", "text", "required for hash", "What hashes are keyed with: the same on every collector, and known to nobody else.";
    "apps[].scrub.profile", "default or passthrough", "scrub.profile", "For this app.";
    "apps[].scrub.named", "mask, hash, drop or keep", "scrub.named", "For this app.";
    "apps[].scrub.secret_names", "list of texts", "scrub.secret_names", "For this app beside those of all.";
    "apps[].scrub.mails", "mask, hash, drop or keep", "scrub.mails", "For this app.";
    "apps[].scrub.cards", "mask, hash, drop or keep", "scrub.cards", "For this app.";
    "apps[].scrub.ibans", "mask, hash, drop or keep", "scrub.ibans", "For this app.";
    "apps[].scrub.tokens", "mask, hash, drop or keep", "scrub.tokens", "For this app.";
    "apps[].scrub.ips", "mask, hash, drop or keep", "scrub.ips", "For this app.";
    "apps[].scrub.query", "scrub, strip or allow", "scrub.query", "For this app.";
    "apps[].scrub.query_allow", "list of texts", "scrub.query_allow", "For this app.";
    "apps[].scrub.user_fields", "list of id, username, email, fullName, roles, hash, attributes", "scrub.user_fields", "For this app.";
    "apps[].scrub.hash_key", "text", "scrub.hash_key", "For this app.";
    "client_address", "drop or truncate", "drop", "What becomes of a client's address once its place is known. `truncate` keeps its network (24 bits of IPv4, 48 of IPv6) as `client.address`.";
    "routes", "list of templates", "none", "Templates of addresses, such as `/users/{id}`, `/docs/**`, `api.example/v1/{id}`; the first that fits counts. Without one that fits, metrics guess.";
    "apps[].client_address", "drop or truncate", "client_address", "For this app.";
    "apps[].routes", "list of templates", "routes", "For this app, instead of those for all.";
    "attributes[].name", "text", "required", "The rule's name, for people.";
    "attributes[].when", "condition", "everything", "Which items get the attributes; see Conditions.";
    "attributes[].set.*", "text", "required", "The attributes, over the page's own; at most 16.";
    "geo.database", "file", "none", "A database of countries or cities in MaxMind's format (`.mmdb`). It is read whole, and again when it has changed.";
    "geo.networks", "file", "none", "A database of autonomous systems, of the same format.";
    "geo.detail", "country, region or city", "region", "How exactly visitors are placed.";
    "filters[].name", "text", "required", "The rule's name, by which `/metrics` counts what it left out.";
    "filters[].when", "condition", "required", "Which items are left out before the queue; see Conditions.";
    "filters[].keep", "number from 0 to 1", "0", "The share of sessions whose items stay all the same, decided by the session's id.";
    "destinations[].name", "text", "required", "The destination's identity, in metrics and over restarts: small letters, digits, `-` and `_`.";
    "destinations[].type", "one of the types in docs/destinations", "required", "What it is. Without any destination there is one `otlp_file` in the data folder.";
    "destinations[].signals", "list of logs, traces, metrics", "all that its type takes", "What it wants. The terminal shows no metrics.";
    "destinations[].dialect", "semconv, alloy or contrib", "semconv", "How log records are written: OpenTelemetry's conventions, or the lines of Grafana Alloy or of the OpenTelemetry Collector.";
    "destinations[].temporality", "cumulative or delta", "cumulative", "What the value of a metric made here says: all since its series began, or what came since the value before.";
    "destinations[].when", "condition", "everything", "Which items it gets; see Conditions. Of metrics that are made here, it gets those of apps of which the condition lets something through.";
    "destinations[].sampling", "number from 0 to 1", "1", "The share of sessions that it gets, decided by the session's id.";
    "destinations[].start", "tail or oldest", "tail", "Where a new destination starts in the queue.";
    "destinations[].max_lag", "size", "none", "The most it may be behind; beyond it the oldest is dropped for it, counted. Without it, it loses its oldest only while another destination keeps up and the queue is full.";
    "destinations[].batch.max_items", "number", "512", "The most items of a request to it, or of a file; of `parquet` 100,000 unless said.";
    "destinations[].batch.max_bytes", "size", "1 MiB", "The most bytes of stored payload in a request to it; of `parquet` 4 MiB unless said. What comes to more than 4 MiB in memory as it goes out is divided all the same, by items.";
    "destinations[].batch.max_wait", "duration", "50ms", "How long an item waits for others; for `parquet` 60s unless said.";
    "destinations[].retry.initial", "duration", "1s", "The first wait after a failed request; doubled after each, with jitter.";
    "destinations[].retry.max", "duration", "30s", "The longest wait.";
    "destinations[].retry.max_elapsed", "duration", "none", "A batch is dropped, counted, when it was tried for this long. Without it the bound is what the queue holds.";
    "destinations[].endpoint", "URL", "required for what is reached over the network, but AWS's for a bucket", "The receiver's base address, `http` or `https`; of fluent_forward `tcp` or `tls`. Of a bucket the store's, `https://s3.REGION.amazonaws.com` unless said. OTLP/HTTP appends `/v1/logs`, `/v1/traces`, `/v1/metrics`. Not of kafka, which has brokers.";
    "destinations[].endpoints.logs", "URL", "below endpoint", "The whole address for log records, taken as it is. otlp_http only.";
    "destinations[].endpoints.traces", "URL", "below endpoint", "The whole address for spans. otlp_http only.";
    "destinations[].endpoints.metrics", "URL", "below endpoint", "The whole address for metrics. otlp_http only.";
    "destinations[].format", "ndjson or json", "ndjson", "How documents stand in a body: one a line, or all in a list. http only.";
    "destinations[].item_headers.*", "text", "none", "Headers that say of items whose they are: `{app}`, `{tenant}`, `{signal}` and `{kind}` stand for the item's, and a batch is divided by what they come to. http only.";
    "destinations[].dataset", "text", "farol", "The middle of the names of its data streams: `logs-farol-default`, `traces-farol-default`. elasticsearch only.";
    "destinations[].namespace", "text", "default", "The end of their names. elasticsearch only.";
    "destinations[].retention", "duration", "30d", "How long `farol-collector setup` has the server keep what is there; whole days. elasticsearch and clickhouse only.";
    "destinations[].database", "text", "default", "The database of its tables. clickhouse only.";
    "destinations[].logs_table", "text", "otel_logs", "Where log records go. clickhouse only.";
    "destinations[].traces_table", "text", "otel_traces", "Where spans go. clickhouse only.";
    "destinations[].async_insert", "flag", "true", "Whether the server gathers inserts before it writes them; they are acknowledged when they are written, in either way. clickhouse only.";
    "destinations[].tag", "text", "farol.{app}.{kind}", "The tag of what goes there; `{app}`, `{tenant}`, `{signal}` and `{kind}` stand for the item's. fluent_forward only.";
    "destinations[].shared_key", "text", "none", "The key that both sides prove to know, where the server's `<security>` asks for one. fluent_forward only.";
    "destinations[].hostname", "text", "farol-collector", "What the collector calls itself to the server. fluent_forward only.";
    "destinations[].brokers", "list of addresses", "required for kafka", "Some of the cluster's brokers, `HOST:PORT`, or all of them `tls://HOST:PORT`; they name the others. kafka only.";
    "destinations[].topic", "text", "by encoding", "Where messages go; `{app}`, `{tenant}`, `{signal}` and `{kind}` stand for the item's. Without it `otlp_logs`, `otlp_spans` and `otlp_metrics` for otlp_proto, `farol_logs` and `farol_traces` for json, `farol` for farol. kafka only.";
    "destinations[].encoding", "otlp_proto, json or farol", "otlp_proto", "What a message holds: an OTLP export request, one item as a flat document, or a record of the queue, whole. kafka only.";
    "destinations[].sasl", "plain, scram-sha-256 or scram-sha-512", "scram-sha-512", "How the password of `auth.basic` is proven; `plain` over TLS alone. kafka only.";
    "destinations[].fallbacks", "list of URLs", "none", "More receivers of the same kind, each asked only while those before it are down; at most 15. otlp_http and otlp_grpc only.";
    "destinations[].spread", "list of URLs", "none", "More receivers of the same kind, over which sessions are spread: each session has its receiver. otlp_http and otlp_grpc only.";
    "destinations[].headers.*", "text", "none", "Headers of every request to it, such as `authorization`. Not of fluent_forward, kafka or a bucket.";
    "destinations[].auth.basic.username", "text", "none", "The user as whom the collector names itself to the server. Not of a bucket.";
    "destinations[].auth.basic.password", "text", "required with a username", "Its password. Not of a bucket.";
    "destinations[].auth.access_key_id", "text", "AWS's environment", "The name of the key that requests are signed with. Without it AWS's own variables and roles are asked. parquet in a bucket only.";
    "destinations[].auth.secret_access_key", "text", "required with an access_key_id", "The key. parquet in a bucket only.";
    "destinations[].auth.session_token", "text", "none", "What goes with a key for a while only. parquet in a bucket only.";
    "destinations[].auth.bearer", "text", "none", "A token instead, sent as `Authorization: Bearer`. Not of fluent_forward, kafka or a bucket.";
    "destinations[].tenant", "text", "none", "The tenant, sent as `X-Scope-OrgID`: whose data it is to Loki, Tempo and Mimir. Not of fluent_forward, kafka or a bucket.";
    "destinations[].compression", "none, gzip or zstd", "gzip; of fluent_forward none", "How requests to it are packed. elasticsearch and fluent_forward take none and gzip; kafka takes snappy and lz4 too. Not of loki, prometheus_remote_write or a bucket.";
    "destinations[].timeout", "duration", "10s", "How long one request to it may take.";
    "destinations[].concurrency", "number", "4; of loki and prometheus_remote_write 1", "Requests on their way to it at once.";
    "destinations[].tls.ca_file", "file", "built-in roots", "PEM file of the roots to trust instead.";
    "destinations[].tls.cert_file", "file", "none", "The collector's own certificate, PEM, where the receiver asks for one.";
    "destinations[].tls.key_file", "file", "none", "Its key, PEM.";
    "destinations[].tls.server_name", "text", "the endpoint's host", "The name to verify.";
    "destinations[].tls.insecure_skip_verify", "flag", "false", "Takes any certificate: for tests.";
    "destinations[].path", "folder", "otlp in the data folder", "Where `logs.jsonl`, `traces.jsonl` and `metrics.jsonl` are; of `parquet` the partitions, in `parquet` in the data folder unless said. otlp_file and parquet only.";
    "destinations[].bucket", "text", "none", "The bucket of an S3-compatible store that files go to, instead of a folder. parquet only.";
    "destinations[].prefix", "text", "none", "What stands before the partitions in the keys of a bucket, such as `rum/raw`. parquet only.";
    "destinations[].region", "text", "us-east-1", "The region that requests to a bucket are signed for; required without an endpoint, which is then AWS's of the region. parquet only.";
    "destinations[].path_style", "flag", "true with an endpoint", "Whether the bucket stands in the path, and not before the host's name. parquet only.";
    "destinations[].allow_http", "flag", "false", "Lets the endpoint of a bucket be `http`: everybody on the way can then read what goes there. parquet only.";
    "destinations[].max_bytes", "size", "100 MiB", "A file is rotated when it would grow beyond this. otlp_file only.";
    "destinations[].max_files", "number", "4", "How many rotated files of each signal are kept. otlp_file only.";
    "destinations[].protocol_version", "2.0 or 1.0", "2.0", "The version of Remote Write. prometheus_remote_write only.";
    "destinations[].client_metrics", "flag", "false", "The metrics that clients sent as OTLP go there too, with whatever series they name. Without it they count as filtered (`signal`). prometheus_remote_write only.";
    "destinations[].labels.*", "text", "service_name, deployment_environment_name and kind", "Labels of Loki's streams, each with the attribute that it comes from, by its name in `semconv` in every dialect; at most 10, instead of the default ones. loki only.";
    "destinations[].static_labels.*", "text", "none", "Labels that every stream has; with `labels` at most 15. loki only.";
    "destinations[].format", "protobuf or json", "protobuf", "The form of pushes. loki only.";
    "destinations[].color", "flag", "where it is a terminal", "Colours. terminal only.";
    "sources[].name", "text", "required", "The source's identity, in metrics: small letters, digits, `-` and `_`.";
    "sources[].type", "kafka", "required", "What it is.";
    "sources[].brokers", "list of addresses", "required", "Some of the cluster's brokers, `HOST:PORT`, or all of them `tls://HOST:PORT`; they name the others.";
    "sources[].topic", "text", "farol", "Where the records are: what a kafka destination with the encoding farol wrote.";
    "sources[].group", "text", "farol-collector", "The consumer group: the collectors that share the topic's partitions.";
    "sources[].sasl", "plain, scram-sha-256 or scram-sha-512", "scram-sha-512", "How the password is proven; `plain` over TLS alone.";
    "sources[].auth.basic.username", "text", "none", "The user as whom the collector names itself.";
    "sources[].auth.basic.password", "text", "required with a username", "Its password.";
    "sources[].timeout", "duration", "10s", "How long one request may take.";
    "sources[].tls.ca_file", "file", "built-in roots", "PEM file of the roots to trust instead.";
    "sources[].tls.cert_file", "file", "none", "The collector's own certificate, PEM, where the brokers ask for one.";
    "sources[].tls.key_file", "file", "none", "Its key, PEM.";
    "sources[].tls.server_name", "text", "the broker's host", "The name to verify.";
    "sources[].tls.insecure_skip_verify", "flag", "false", "Takes any certificate: for tests.";
    "limits.body", "size", "1 MiB", "The largest body as sent. 413 beyond.";
    "limits.inflated", "size", "5 MiB", "The largest body once inflated, at most 16 MiB. 413 beyond, and where one comes to more than 64 MiB as JSON, as which it is kept (a control character in protobuf takes six bytes there).";
    "limits.in_flight", "size", "64 MiB", "Bodies that are read or worked on at once, in all; a quarter of it for bodies below 48 KiB alone. What comes in pieces counts with what its connection reads into. 503 beyond.";
    "limits.zstd_window", "size", "8 MiB", "The largest window that a body in zstd may ask for, a power of two. 400 beyond. While a body is inflated its window counts as a body in flight.";
    "limits.depth", "number", "32", "How deep a payload may nest. 400 beyond.";
    "limits.items", "number", "2000", "Items of a payload that are taken; the rest is cut and counted.";
    "limits.string", "size", "128 KiB", "Bytes of a text that are taken; the rest is cut.";
    "limits.attributes", "number", "128", "Attributes of an item, or of a part of the meta, that are taken; the rest is cut.";
    "limits.rate.requests", "number", "none", "Requests a second in all. 429 `rate_all` beyond; 0 for no limit.";
    "limits.rate.bytes", "size", "none", "Bytes of bodies a second in all, as sent (see Rates for what inflates to far more). 429 `rate_all` beyond; 0 for no limit.";
    "limits.rate.burst", "duration", "10s", "How much time's worth of both may come at once; one request and one body of the largest size always may.";
    "limits.rate.observe", "flag", "false", "Takes what is beyond, and only counts it.";
    "limits.address_rate.requests", "number", "100", "Requests a second from one address (IPv6: from one /64), refused ones too. 429 `rate_address` beyond; 0 for no limit. This machine's own addresses have none.";
    "limits.address_rate.bytes", "size", "4 MiB", "Bytes of bodies a second from one address, as sent (see Rates for what inflates to far more). 429 `rate_address` beyond; 0 for no limit.";
    "limits.address_rate.burst", "duration", "10s", "How much time's worth of both may come at once; one request and one body of the largest size always may.";
    "limits.address_rate.observe", "flag", "false", "Takes what is beyond, and only counts it.";
    "limits.header_bytes", "size", "32 KiB", "The largest head of a request, as HTTP/1.1 writes it. 431 beyond.";
    "limits.header_timeout", "duration", "5s", "How long a head may take.";
    "limits.body_timeout", "duration", "15s", "How long a body may take. 408 beyond.";
    "limits.body_rate", "size", "1 KiB", "The least that a body comes with, bytes a second, counted from its beginning. 408 below. 0 for none.";
    "limits.body_grace", "duration", "5s", "How long a body has before its rate is looked at.";
    "limits.idle_timeout", "duration", "60s", "How long a connection may idle.";
    "limits.connections", "number", "20000", "Connections at once. Where nobody sets it, no more than the open files that the process may have are enough for.";
    "limits.connections_per_address", "number", "1000", "Connections at once from one address (IPv6: from one /64). Raise it behind a proxy.";
    "limits.streams", "number", "100", "HTTP/2 requests at once on a connection.";
    "queue.type", "disk or memory", "disk", "Where the queue lives. On disk, `202` means that the data is on the disk. What is in memory is lost when the process is killed; a stop in order keeps it in the data folder.";
    "queue.max_bytes", "size", "1 GiB on disk, 64 MiB in memory", "The most it holds. 503 beyond, unless a destination keeps up: then those that do not lose their oldest, counted. A body that is larger by itself, kept as JSON, is refused with 413 and costs nobody anything.";
    "queue.commit_wait", "duration", "2ms", "How long a request waits at most for others that are made durable with it. Longer costs less processor time and disk. Disk only.";
    "queue.max_age", "duration", "none", "What is older is dropped, counted for those who had not got it. Disk only.";
    "queue.retain_after_export", "duration", "0s", "How long data is kept that every destination has, so that it can be asked for again. It counts towards `max_bytes`, and goes first where that or the disk is full. Disk only.";
    "queue.min_free", "size or percentage", "256 MiB", "What the queue leaves free on the disk: with less, requests are refused with 503. Such as `1 GiB` or `5%`. Disk only.";
    "telemetry.log", "text", "info", "What goes to standard error: `error`, `warn`, `info`, `debug`, or a filter as of tracing's EnvFilter.";
    "telemetry.traces_endpoint", "URL", "none", "Where the collector's own traces go, OTLP/HTTP. Off without it.";
    "telemetry.traces_ratio", "number from 0 to 1", "1", "The share of requests and exports that is traced.";
    "telemetry.traces_headers.*", "text", "none", "Headers of those requests.";
}
