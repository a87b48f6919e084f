use std::io::Read as _;
use std::path::Path;

use super::*;

const SCRIPT: &str = "console.log('a script that repeats itself'); ";

fn settings(dir: &Path) -> config::SdkFiles {
    config::SdkFiles {
        dir: dir.to_owned(),
        path: "/sdk".into(),
    }
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    folder
}

fn get(files: &SdkFiles, path: &str, headers: &[(HeaderName, &str)]) -> Option<Response<Bytes>> {
    let headers = headers
        .iter()
        .map(|(k, v)| (k.clone(), v.parse().unwrap()))
        .collect();
    files.answer(&Method::GET, path, &headers)
}

fn header(response: &Response<Bytes>, name: HeaderName) -> &str {
    response
        .headers()
        .get(name)
        .map_or("", |v| v.to_str().unwrap())
}

#[test]
fn a_file_is_sent_packed_as_the_client_takes_it_and_known_again() {
    let script = SCRIPT.repeat(50);
    let folder = folder(&[("farol.js", script.as_bytes()), ("0.1.0/farol.js", b"1")]);
    let files = SdkFiles::load(&settings(folder.path()), None).unwrap();
    let brotli = get(&files, "/sdk/farol.js", &[(ACCEPT_ENCODING, "gzip, br")]).unwrap();
    assert_eq!(header(&brotli, CONTENT_ENCODING), "br");
    let mut plain = String::new();
    brotli_decompressor::Decompressor::new(&brotli.body()[..], 4096)
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, script);
    let gzip = get(&files, "/sdk/farol.js", &[(ACCEPT_ENCODING, "gzip")]).unwrap();
    assert_eq!(header(&gzip, CONTENT_ENCODING), "gzip");
    assert!(header(&gzip, CACHE_CONTROL).starts_with("public, max-age=3600"));
    let plain = get(&files, "/sdk/farol.js", &[]).unwrap();
    assert_eq!(plain.body(), script.as_bytes());
    assert_eq!(
        header(&plain, CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_ne!(header(&plain, ETAG), header(&gzip, ETAG));

    let etag = header(&gzip, ETAG).to_owned();
    let known = [
        (ACCEPT_ENCODING, "gzip"),
        (IF_NONE_MATCH, &*format!("\"x\", W/{etag}")),
    ];
    let known = get(&files, "/sdk/farol.js", &known).unwrap();
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert!(known.body().is_empty());
    let versioned = get(&files, "/sdk/0.1.0/farol.js", &[]).unwrap();
    assert!(header(&versioned, CACHE_CONTROL).ends_with("immutable"));
}

#[test]
fn what_was_packed_beforehand_is_sent_and_what_is_of_another_file_refused() {
    let script = SCRIPT.repeat(50);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut packed, script.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let both = folder(&[("farol.js", script.as_bytes()), ("farol.js.gz", &packed)]);
    let files = SdkFiles::load(&settings(both.path()), None).unwrap();
    let answer = get(&files, "/sdk/farol.js", &[(ACCEPT_ENCODING, "gzip")]).unwrap();
    assert_eq!(answer.body(), &packed[..]);
    std::fs::write(both.path().join("farol.js"), "another").unwrap();
    let error = SdkFiles::load(&settings(both.path()), None).unwrap_err();
    assert!(
        format!("{error:#}").contains("is not this file packed; pack it again"),
        "{error:#}"
    );
}

#[test]
fn nothing_outside_of_the_folder_and_nothing_else_in_it_is_served() {
    let outside = folder(&[("secret.js", b"1")]);
    let inside = folder(&[
        ("farol.js", b"1"),
        (".hidden.js", b"1"),
        ("key.pem", b"1"),
        ("index.d.ts", b"1"),
    ]);
    let files = SdkFiles::load(&settings(inside.path()), None).unwrap();
    assert!(get(&files, "/sdk/farol.js", &[]).is_some());
    for path in [
        "/sdk/.hidden.js",
        "/sdk/key.pem",
        "/sdk/index.d.ts",
        "/sdk",
        "/sdk/",
        "/sdk/../sdk/farol.js",
        "/sdk/./farol.js",
        "/sdk//farol.js",
        "/sdk/%66arol.js",
        "/sdk/..%2f..%2fetc/passwd",
        "//sdk/farol.js",
        "/sdk/farol.js/",
        "/sdk/farol.js;x",
        "/SDK/farol.js",
        "/farol.js",
    ] {
        assert!(get(&files, path, &[]).is_none(), "{path}");
    }
    assert!(
        files
            .answer(&Method::POST, "/sdk/farol.js", &HeaderMap::new())
            .is_none()
    );
    std::os::unix::fs::symlink(
        outside.path().join("secret.js"),
        inside.path().join("link.js"),
    )
    .unwrap();
    let error = SdkFiles::load(&settings(inside.path()), None).unwrap_err();
    assert!(
        format!("{error:#}").contains("leads out of the folder"),
        "{error:#}"
    );
}

#[test]
fn a_folder_without_files_for_pages_is_refused() {
    let empty = folder(&[("README.md", b"1")]);
    let error = SdkFiles::load(&settings(empty.path()), None).unwrap_err();
    assert!(
        format!("{error:#}").contains("name the folder dist of @farol/web, which holds farol.js"),
        "{error}"
    );
    assert!(SdkFiles::load(&settings(Path::new("/nowhere")), None).is_err());
}

#[test]
fn what_has_not_changed_is_not_packed_again() {
    let folder = folder(&[("farol.js", b"1")]);
    let first = SdkFiles::load(&settings(folder.path()), None).unwrap();
    let same = SdkFiles::load(&settings(folder.path()), Some(&first)).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &same));
    std::fs::write(folder.path().join("farol.js"), "22").unwrap();
    let changed = SdkFiles::load(&settings(folder.path()), Some(&first)).unwrap();
    assert!(!std::sync::Arc::ptr_eq(&first, &changed));
}
