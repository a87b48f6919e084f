//! Writes small databases in MaxMind's format.

use std::net::IpAddr;

/// Something that a database holds.
pub(crate) enum Data<'a> {
    Text(&'a str),
    /// With its bits: 16, 32 or 64.
    Number(u8, u64),
    List(Vec<Data<'a>>),
    Map(Vec<(&'a str, Data<'a>)>),
}

use Data::{List, Map, Number, Text};

impl Data<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        // The lengths and numbers here all fit the shortest form of the format.
        let control = |out: &mut Vec<u8>, kind: u8, size: usize| {
            let size = u8::try_from(size).unwrap();
            let (small, more) = match size {
                0..29 => (size, None),
                _ => (29, Some(size - 29)),
            };
            match kind {
                1..=7 => out.push(kind << 5 | small),
                _ => out.extend([small, kind - 7]),
            }
            out.extend(more);
        };
        match self {
            Text(text) => {
                control(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Number(bits, n) => {
                let (kind, from) = match bits {
                    16 => (5, 6),
                    32 => (6, 4),
                    _ => (9, 0),
                };
                control(out, kind, 8 - from);
                out.extend(&n.to_be_bytes()[from..]);
            }
            List(list) => {
                control(out, 11, list.len());
                list.iter().for_each(|it| it.write(out));
            }
            Map(map) => {
                control(out, 7, map.len());
                for (key, value) in map {
                    Text(key).write(out);
                    value.write(out);
                }
            }
        }
    }
}

/// A database of these networks, by the address and how many bits of it count.
pub(crate) fn database(networks: &[(&str, u32, Data<'_>)]) -> Vec<u8> {
    // Nodes with two records each: a node further on, nothing, or data.
    let (mut nodes, mut data) = (vec![[None::<Result<usize, usize>>; 2]], Vec::new());
    for (address, bits, value) in networks {
        let (address, bits) = match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()), bits + 96),
            IpAddr::V6(v6) => (v6.to_bits(), *bits),
        };
        let mut node = 0;
        for depth in 0..bits {
            let side = (address >> (127 - depth)) as usize & 1;
            if depth + 1 == bits {
                nodes[node][side] = Some(Err(data.len()));
                value.write(&mut data);
                break;
            }
            node = match nodes[node][side] {
                Some(Ok(next)) => next,
                _ => {
                    nodes.push([None; 2]);
                    let next = nodes.len() - 1;
                    nodes[node][side] = Some(Ok(next));
                    next
                }
            };
        }
    }
    let mut out = Vec::new();
    for node in &nodes {
        for record in node {
            let n = match record {
                None => nodes.len(),
                Some(Ok(next)) => *next,
                Some(Err(at)) => nodes.len() + 16 + at,
            };
            out.extend(u32::try_from(n).unwrap().to_be_bytes());
        }
    }
    out.extend([0; 16]);
    out.extend(&data);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    Map(vec![
        ("node_count", Number(32, nodes.len() as u64)),
        ("record_size", Number(16, 32)),
        ("ip_version", Number(16, 6)),
        ("database_type", Text("Test")),
        ("languages", List(vec![Text("en")])),
        ("binary_format_major_version", Number(16, 2)),
        ("binary_format_minor_version", Number(16, 0)),
        ("build_epoch", Number(64, 1_700_000_000)),
        ("description", Map(vec![("en", Text("for tests"))])),
    ])
    .write(&mut out);
    out
}

/// Cities as MaxMind's databases describe them.
pub(crate) fn city<'a>(country: &'a str, part: &'a str, name: &'a str) -> Data<'a> {
    Map(vec![
        (
            "city",
            Map(vec![(
                "names",
                Map(vec![("de", Text("…")), ("en", Text(name))]),
            )]),
        ),
        (
            "continent",
            Map(vec![
                ("code", Text("EU")),
                ("geoname_id", Number(32, 6_255_148)),
            ]),
        ),
        ("country", Map(vec![("iso_code", Text(country))])),
        (
            "subdivisions",
            List(vec![Map(vec![("iso_code", Text(part))])]),
        ),
    ])
}
