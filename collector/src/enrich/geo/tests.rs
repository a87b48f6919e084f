use std::io::Write as _;

use super::*;

#[path = "../../../tests/door/mmdb.rs"]
mod mmdb;

use mmdb::{
    Data::{Map, Number, Text},
    city, database,
};

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn settings(database: &Path) -> Settings {
    Settings {
        database: Some(database.to_owned()),
        networks: None,
        detail: Detail::City,
    }
}

fn client(address: &str) -> ClientAddress {
    ClientAddress::new(address.parse().unwrap())
}

#[test]
fn a_client_is_placed_as_exactly_as_the_operator_says() {
    let cities = file(&database(&[
        ("192.0.2.0", 24, city("PT", "11", "Lisbon")),
        ("2001:db8::", 32, city("DE", "BE", "Berlin")),
    ]));
    let system = Map(vec![
        ("autonomous_system_number", Number(32, 64_500)),
        ("autonomous_system_organization", Text("Example Net")),
    ]);
    let systems = file(&database(&[("192.0.2.0", 24, system)]));
    let find = |detail, address| {
        let settings = Settings {
            networks: Some(systems.path().to_owned()),
            detail,
            ..settings(cities.path())
        };
        Places::load(&settings, None).unwrap().find(client(address))
    };
    let lisbon = find(Detail::City, "192.0.2.77").unwrap();
    let told = |geo: &Geo| {
        [
            &geo.continent_iso,
            &geo.country_iso,
            &geo.subdivision_iso,
            &geo.city,
            &geo.asn_org,
            &geo.asn_id,
        ]
        .map(String::clone)
    };
    assert_eq!(
        told(&lisbon),
        ["EU", "PT", "PT-11", "Lisbon", "Example Net", "64500"]
    );
    let berlin = find(Detail::Region, "2001:db8:1::1").unwrap();
    assert_eq!(told(&berlin), ["EU", "DE", "DE-BE", "", "", ""]);
    let country = find(Detail::Country, "::ffff:192.0.2.1").unwrap();
    assert_eq!(told(&country), ["EU", "PT", "", "", "Example Net", "64500"]);
    for unknown in ["203.0.113.1", "127.0.0.1", "::1"] {
        assert_eq!(find(Detail::City, unknown), None, "{unknown}");
    }
}

#[test]
fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cities.mmdb");
    fs::write(
        &path,
        database(&[("192.0.2.0", 24, city("PT", "11", "Lisbon"))]),
    )
    .unwrap();
    let first = Places::load(&settings(&path), None).unwrap();
    let same = Places::load(&settings(&path), Some(&first)).unwrap();
    assert!(Arc::ptr_eq(
        first.places.as_ref().unwrap(),
        same.places.as_ref().unwrap()
    ));
    let next = folder.path().join("next");
    fs::write(
        &next,
        database(&[("192.0.2.0", 24, city("ES", "MD", "Madrid"))]),
    )
    .unwrap();
    fs::rename(&next, &path).unwrap();
    let second = Places::load(&settings(&path), Some(&first)).unwrap();
    assert_eq!(second.find(client("192.0.2.1")).unwrap().city, "Madrid");
    assert_eq!(first.find(client("192.0.2.1")).unwrap().city, "Lisbon");
}

#[test]
fn a_file_that_is_none_is_refused_and_a_damaged_one_places_nobody() {
    let good = database(&[("192.0.2.0", 24, city("PT", "11", "Lisbon"))]);
    for bad in [&b""[..], b"hello", &good[..good.len() / 2]] {
        let file = file(bad);
        let refused = Places::load(&settings(file.path()), None).unwrap_err();
        let line = format!("{refused:#}");
        assert!(
            line.starts_with("geo.database = ") && line.contains("no database"),
            "{line}"
        );
    }
    let missing = Places::load(&settings(Path::new("/nowhere.mmdb")), None).unwrap_err();
    assert!(format!("{missing:#}").contains("it cannot be read"));
    // Whatever single byte is wrong, asking never panics.
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        if let Ok(reader) = Reader::from_source(bad) {
            for address in ["192.0.2.1", "2001:db8::1"] {
                let ip: IpAddr = address.parse().unwrap();
                let _ = reader.lookup(ip).map(|it| it.decode::<Place<'_>>().is_ok());
            }
        }
    }
}
