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
    assert_eq!(forget(data.path(), &person).unwrap(), 3);
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
    assert_eq!(forget(data.path(), &person).unwrap(), 0);
    let user = Person {
        whose: Whose::User("7".to_owned()),
        app: None,
    };
    assert_eq!(
        forget(data.path(), &user).unwrap(),
        0,
        "that one went already"
    );
}
