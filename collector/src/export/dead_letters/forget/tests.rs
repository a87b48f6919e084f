//! What of the dead letters goes with a person.

use super::*;

fn letter(items: &str) -> String {
    format!(
        r#"{{"time":"t","destination":"d","signal":"logs","code":"400","detail":"bad s1","items":2,"request":{{"resourceLogs":[{{"resource":{{"attributes":[]}},"scopeLogs":[{{"logRecords":[{items}]}}]}}]}}}}"#
    )
}

fn record(key: &str, id: &str, body: &str) -> String {
    format!(
        r#"{{"body":{{"stringValue":"{body}"}},"attributes":[{{"key":"{key}","value":{{"stringValue":"{id}"}}}}]}}"#
    )
}

#[test]
fn their_items_go_and_those_of_others_stay() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    let mine = record("session.id", "s1", "a");
    let other = record("session.id", "s2", "session_id=s11 b");
    let line = record("x", "y", "kind=log session_id=s1 user_id=7");
    let whole = [
        letter(&format!("{mine},{other}")),
        letter(&format!("{mine},{line}")),
        letter(&other).replace("bad s1", "bad"),
    ];
    fs::write(folder.join("d.jsonl"), whole.join("\n") + "\n").unwrap();
    let untouched = letter(&other).replace("bad s1", "bad") + "\n";
    fs::write(folder.join("e-000001.jsonl"), &untouched).unwrap();
    fs::write(folder.join("e.draft"), "left").unwrap();
    let person = Person {
        whose: Whose::Session("s1".to_owned()),
        app: None,
    };
    assert_eq!(forget(data.path(), &person).unwrap().items, 3);
    let after = fs::read_to_string(folder.join("d.jsonl")).unwrap();
    let letters: Vec<Value> = after
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(letters.len(), 2, "one has nothing left: {after}");
    assert_eq!(letters[0]["items"], 1);
    assert!(
        !after.contains(r#""s1""#) && !after.contains("bad s1"),
        "{after}"
    );
    assert_eq!(
        fs::read_to_string(folder.join("e-000001.jsonl")).unwrap(),
        untouched
    );
    assert!(!folder.join("e.draft").exists());
    assert_eq!(forget(data.path(), &person).unwrap(), Gone::default());
    let user = Person {
        whose: Whose::User("7".to_owned()),
        app: None,
    };
    assert_eq!(
        forget(data.path(), &user).unwrap(),
        Gone::default(),
        "that one went already"
    );
}

#[test]
fn what_cannot_be_read_goes_whoever_it_is_of() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    let other = letter(&record("session.id", "s2", "b")).replace("bad s1", "bad");
    let mine = letter(&record("session.id", "s1", "a"));
    let torn = &mine[..mine.len() - 9];
    // Its id is torn, too.
    let short = &mine[..mine.find("\"s1\"").unwrap() + 2];
    let no_letter = r#"["s1"]"#;
    let lines = [torn, &other, short, no_letter].join("\n");
    fs::write(folder.join("d-000001.jsonl"), lines).unwrap();
    let person = Person {
        whose: Whose::Session("s1".to_owned()),
        app: None,
    };
    let gone = forget(data.path(), &person).unwrap();
    let cleared = (torn.len() + short.len() + no_letter.len()) as u64;
    assert_eq!((gone.items, gone.cleared), (0, cleared));
    let after = fs::read_to_string(folder.join("d-000001.jsonl")).unwrap();
    assert_eq!(after, other + "\n");
    assert_eq!(forget(data.path(), &person).unwrap(), Gone::default());
}
