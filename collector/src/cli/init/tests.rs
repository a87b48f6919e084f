//! What is asked, what is written, and that nothing is written that a start would refuse.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::arguments::{Action, Arguments};
use super::*;

/// Runs the command in a folder, with a person's answers where there is a terminal.
fn init(folder: &Path, words: &str, answers: Option<&str>) -> (Result<(), String>, String) {
    let file = folder.join("farol.toml").display().to_string();
    let words = ["init", "--config", &file]
        .into_iter()
        .chain(words.split_whitespace());
    let arguments = Arguments::parse(words.map(Into::into).collect()).unwrap();
    assert_eq!(arguments.action, Action::Init);
    let mut out = Vec::new();
    let mut lines = answers.map(str::as_bytes);
    let questions = lines.as_mut().map(|it| it as &mut dyn BufRead);
    let done = run(&arguments.init, &arguments.settings, questions, &mut out);
    (done, String::from_utf8(out).unwrap())
}

fn settings(folder: &Path) -> config::Config {
    let file = Some(folder.join("farol.toml"));
    let given = Given {
        file,
        ..Given::default()
    };
    config::load(&given, []).unwrap()
}

#[test]
fn five_answers_make_a_file_that_holds_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let answers = format!(
        "shop\nhttps://shop.example, https://*.shop.example\nloki=http://loki:3100, otlp_grpc\n12399\n{data}\n"
    );
    let (done, said) = init(folder.path(), "", Some(&answers));
    done.unwrap();
    let config = settings(folder.path());
    let app = &config.apps[0];
    assert_eq!((app.name.as_str(), app.origins.len()), ("shop", 2));
    assert_eq!(config.listen.to_string(), "127.0.0.1:12399");
    assert_eq!(config.data_dir.display().to_string(), data);
    let names: Vec<_> = config
        .destinations
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["loki", "otlp-grpc"]);
    let key = app.keys[0].key.reveal();
    assert_eq!(key.len(), 2 * KEY_BYTES);
    for wanted in [
        &format!("data-key=\"{key}\""),
        "data-url=\"http://127.0.0.1:12399\"",
        "npm pack --workspace @farol/web",
        "npm install FOLDER/farol-web-",
        "farol-collector --config",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn empty_lines_are_the_defaults_and_wrong_answers_are_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let (done, said) = init(
        folder.path(),
        "",
        Some("\nhttps://a.example/path\n\nfluent\n\nsomewhere\n\n\n"),
    );
    done.unwrap();
    for wanted in [
        "scheme, host and port only",
        "there is no such type",
        "write an address",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let config = settings(folder.path());
    assert_eq!(config.apps[0].name, file::APP);
    assert_eq!(config.destinations[0].kind.as_str(), offer::DEFAULT);
}

#[test]
fn who_goes_away_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    for answers in ["", "shop\n", "shop\n?\n?\n?\n?\n?\n?\n?\n"] {
        let (done, _) = init(folder.path(), "", Some(answers));
        assert!(
            done.unwrap_err().contains("nothing was written"),
            "{answers}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn without_a_terminal_the_flags_that_are_missing_are_named_and_yes_stands_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let (done, _) = init(folder.path(), "--app shop", None);
    let line = done.unwrap_err();
    assert!(
        line.contains("--origin") && line.contains("--destination"),
        "{line}"
    );
    assert!(line.contains("--yes") && !line.contains("--app"), "{line}");
    init(folder.path(), "--app shop --yes", None).0.unwrap();
    assert_eq!(settings(folder.path()).apps[0].name, "shop");
}

#[test]
fn a_file_that_is_there_stays_unless_force_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    std::fs::write(&file, "mine").unwrap();
    let line = init(folder.path(), "--yes", None).0.unwrap_err();
    assert!(line.contains("--force"), "{line}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    init(folder.path(), "--yes --force --app other", None)
        .0
        .unwrap();
    assert_eq!(settings(folder.path()).apps[0].name, "other");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_new_file_is_its_owners_alone_and_one_that_is_replaced_keeps_its_mode() {
    let mode = |file: &Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("farol.toml");
    let words = "--yes --force --destination http=http://h.example/x?token=secret";
    init(folder.path(), words, None).0.unwrap();
    assert_eq!(mode(&file), 0o600);
    // Left by one that was killed: everybody could read it.
    std::fs::write(folder.path().join("farol.toml.new"), "").unwrap();
    for kept in [0o600, 0o640, 0o644] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(kept)).unwrap();
        init(folder.path(), words, None).0.unwrap();
        assert_eq!(mode(&file), kept);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), "--yes", None).0.unwrap();
    assert_eq!(mode(&folder.path().join("farol.toml")), 0o600);
}

#[test]
fn what_a_start_would_refuse_is_never_written() {
    for (words, expected) in [
        ("--yes --key a/b", "a key is letters"),
        ("--yes --app a\"b", "--app"),
        ("--yes --key a'><x", "--key: it stands in pages"),
        ("--yes --key a&b", "--key: it stands in pages"),
        (
            "--yes --url https://a.example/'><x",
            "--url: it stands in pages",
        ),
        ("--yes --url a.example", "--url: write where pages reach"),
        (
            "--yes --url javascript:alert(1)",
            "--url: write where pages reach",
        ),
        ("--yes --url https://me:pw@a.example", "--url: write where"),
        ("--yes --url https://a.example/?b=c", "--url: write where"),
        ("--yes --origin nowhere/", "--origin"),
        ("--yes --listen nowhere", "--listen"),
        ("--yes --destination terminal=http://a", "it has no address"),
        ("--yes --destination loki=a", "as a URL"),
        (
            "--yes --destination loki=http://me:pw@a",
            "write them as a header",
        ),
        ("--yes --sdk-dir /nowhere/at/all", "sdk.dir"),
        ("--yes --data-dir /proc/farol", "data_dir"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let line = init(folder.path(), words, None).0.unwrap_err();
        assert!(
            line.contains(expected) && !line.contains('\n'),
            "{words}: {line}"
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            0,
            "{words}"
        );
    }
}

#[test]
fn a_folder_whose_script_the_tag_would_not_find_is_refused() {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("package.json"), "{}").unwrap();
    let words = format!("--yes --sdk-dir {}", files.path().display());
    let refused = || {
        let folder = tempfile::tempdir().unwrap();
        let line = init(folder.path(), &words, None).0.unwrap_err();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        line
    };
    let line = refused();
    assert!(
        line.starts_with("--sdk-dir: it holds no farol.js; name the folder dist"),
        "{line}"
    );
    let dist = files.path().join("dist");
    std::fs::create_dir(&dist).unwrap();
    std::fs::write(dist.join("farol.js"), "1").unwrap();
    assert!(refused().ends_with(&format!("did you mean {}?", dist.display())));
    std::fs::write(files.path().join("farol.js"), "1").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (done, said) = init(folder.path(), &words, None);
    done.unwrap();
    assert!(said.contains("/sdk/farol.js"), "{said}");
}

#[test]
fn every_destination_that_is_offered_can_be_written_also_twice() {
    let folder = tempfile::tempdir().unwrap();
    let both = |it: &offer::Offer| format!("--destination {0} --destination {0} ", it.kind);
    for offer in offer::OFFERS {
        let words = match offer.address {
            Some(_) => both(offer),
            None => format!("--destination {} ", offer.kind),
        };
        init(folder.path(), &format!("--yes --force {words}"), None)
            .0
            .unwrap();
        let config = settings(folder.path());
        assert!(
            config
                .destinations
                .iter()
                .all(|it| it.kind.as_str() == offer.kind)
        );
    }
}

#[test]
fn each_key_is_another() {
    assert_ne!(random_key().unwrap(), random_key().unwrap());
}

#[test]
fn an_address_for_every_interface_is_shown_to_pages_as_this_machine() {
    for (listen, url) in [
        ("0.0.0.0:80", "http://localhost:80"),
        ("[::]:12347", "http://localhost:12347"),
        ("12347", "http://127.0.0.1:12347"),
        ("[::1]:1", "http://[::1]:1"),
    ] {
        assert_eq!(next::url_of(listen), url);
    }
}

#[test]
fn who_listens_for_every_interface_is_told_that_pages_want_a_name() {
    for (words, told) in [
        ("--listen 0.0.0.0:8443", true),
        ("--listen 0.0.0.0:8443 --url https://rum.example", false),
        ("--listen 127.0.0.1:8443", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (done, said) = init(folder.path(), &format!("--yes {words}"), None);
        done.unwrap();
        assert_eq!(said.contains("--url ADDRESS"), told, "{said}");
    }
}

#[test]
fn what_makes_no_settings_is_said_of_the_answer_and_of_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (done, _) = init(folder.path(), "--yes --destination kafka=127.0.0.1", None);
    let said = done.unwrap_err();
    assert!(
        said.starts_with("init: nothing is written: destinations.kafka.brokers: "),
        "{said}"
    );
    assert!(!folder.path().join("farol.toml").exists());
}
