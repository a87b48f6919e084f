//! The SDK's files and the collect routes below a path of the operator's choice.

use farol_collector::config::SdkFiles;

use crate::harness::{Collector, logs};

/// Built files: the real ones where they were built, so that they are known to just work.
fn built() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/../npm/web/dist");
    for name in ["farol.js", "farol-0.1.0.js"] {
        let script = std::fs::read(format!("{dist}/{name}"));
        let script = script.unwrap_or_else(|_| b"console.log('farol');".repeat(50));
        std::fs::write(folder.path().join(name), script).unwrap();
    }
    folder
}

fn sdk(folder: &tempfile::TempDir) -> Option<SdkFiles> {
    Some(SdkFiles {
        dir: folder.path().to_owned(),
        path: SdkFiles::PATH.into(),
    })
}

#[tokio::test]
async fn a_page_of_another_origin_can_load_the_sdk_with_integrity() {
    let folder = built();
    let collector = Collector::with(|config| config.public.sdk = sdk(&folder)).await;
    let origin = [
        ("origin", "https://shop.example"),
        ("accept-encoding", "br"),
    ];
    let answer = collector
        .request("GET", "/sdk/farol-0.1.0.js", &origin, b"")
        .await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-type", "text/javascript; charset=utf-8"),
        ("content-encoding", "br"),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let etag = answer.header("etag").unwrap().to_owned();
    let known = [("if-none-match", &*etag), ("accept-encoding", "br")];
    let again = collector
        .request("GET", "/sdk/farol-0.1.0.js", &known, b"")
        .await;
    assert_eq!(again.status, 304);
    let plain = collector.get("/sdk/farol.js").await;
    assert_eq!(
        plain.bytes,
        std::fs::read(folder.path().join("farol.js")).unwrap()
    );
    for path in [
        "/sdk/../farol.js",
        "/sdk/%2e%2e/farol.js",
        "/sdk/..%2ffarol.js",
        "/sdk/",
        "/sdk",
        "/sdk/x.js",
    ] {
        assert_eq!(collector.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn all_that_is_public_is_below_a_path_as_well_or_alone() {
    let folder = built();
    for only in [false, true] {
        let collector = Collector::with(|config| {
            config.public.path = "/rum".into();
            config.public.path_only = only;
            config.public.sdk = sdk(&folder);
        })
        .await;
        for path in [
            "/rum",
            "/rum/",
            "/rum/k1",
            "/rum/collect",
            "/rum/collect/k1?id=b",
        ] {
            assert_eq!(
                collector.post(path, &[], logs(1)).await.status,
                202,
                "{path}"
            );
        }
        let headers = [
            ("origin", "https://shop.example"),
            ("access-control-request-method", "POST"),
        ];
        let preflight = collector.request("OPTIONS", "/rum/k1", &headers, b"").await;
        assert_eq!(preflight.status, 204);
        assert_eq!(collector.get("/rum/sdk/farol.js").await.status, 200);
        let elsewhere = if only { 404 } else { 202 };
        assert_eq!(
            collector.post("/collect", &[], logs(1)).await.status,
            elsewhere
        );
        assert_eq!(collector.get("/sdk/farol.js").await.status == 404, only);
        // What operators reach is where it was, and not below the path.
        assert_eq!(collector.get("/metrics").await.status, 200);
        for path in ["/rum/metrics", "/rum/-/healthy", "/rumours"] {
            assert_eq!(
                collector.get(path).await.status,
                if path == "/rum/metrics" { 405 } else { 404 },
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_new_release_is_served_after_a_reload() {
    let folder = built();
    let mut collector = Collector::with(|config| config.public.sdk = sdk(&folder)).await;
    assert_eq!(collector.get("/sdk/farol-0.2.0.js").await.status, 404);
    std::fs::write(folder.path().join("farol-0.2.0.js"), "1").unwrap();
    assert!(collector.reload(|_| ()).await);
    assert_eq!(collector.get("/sdk/farol-0.2.0.js").await.status, 200);
    assert_eq!(collector.get("/sdk/farol-0.1.0.js").await.status, 200);
}
