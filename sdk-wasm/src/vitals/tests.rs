//! The state machines from messages to reports. `tests/e2e/vitals-random.test.ts` holds them to web-vitals itself.

use super::*;

/// The page's state that stands in each message.
#[derive(Clone, Copy)]
struct State {
    flags: u8,
    kind: u8,
    response_start: f64,
    activation_start: f64,
    interactions: f64,
}

const STATE: State = State {
    flags: 0,
    kind: b'n',
    response_start: 50.0,
    activation_start: 0.0,
    interactions: f64::NAN,
};
const INTERACTIVE: f64 = 100.0;
const CONTENT_LOADED: f64 = 200.0;
const COMPLETE: f64 = 300.0;

const PRERENDERING: u8 = 2;
const HIDDEN: u8 = 8;

/// A page, and the fields of the message that is being written.
struct Tester {
    vitals: Vitals,
    state: State,
    now: f64,
    out: Vec<u8>,
}

impl Tester {
    fn new(state: State) -> Self {
        Self {
            vitals: Vitals::new(7, 1_700_000_000_000.0),
            state,
            now: 1000.0,
            out: Vec::new(),
        }
    }

    /// A page that observes everything, from the start.
    fn started(state: State) -> Self {
        let mut tester = Self::new(state);
        tester.byte(15).word(0).put(what::START);
        tester
    }

    /// One whose FCP is reported, so that CLS counts.
    fn painted() -> Self {
        let mut tester = Self::started(STATE);
        tester.number(80.0).put(what::PAINT);
        tester.vitals.take();
        tester
    }

    fn byte(&mut self, value: u8) -> &mut Self {
        self.out.push(value);
        self
    }

    fn word(&mut self, value: u32) -> &mut Self {
        self.out.extend(value.to_le_bytes());
        self
    }

    fn number(&mut self, value: f64) -> &mut Self {
        self.out.extend(value.to_le_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.word(text.len() as u32).out.extend(text.bytes());
        self
    }

    fn put(&mut self, what: u8) {
        let fields = core::mem::take(&mut self.out);
        let State {
            flags,
            kind,
            response_start,
            activation_start,
            interactions,
        } = self.state;
        self.byte(what).byte(flags).byte(kind);
        let marks = [
            response_start,
            activation_start,
            INTERACTIVE,
            CONTENT_LOADED,
            COMPLETE,
        ];
        for mark in marks.into_iter().chain([interactions]) {
            self.number(mark);
        }
        self.out.extend(fields);
        let bytes = core::mem::take(&mut self.out);
        let mut message = Message::new(&bytes);
        self.vitals.message(self.now, &mut message);
        assert!(!message.bad());
    }

    fn shift(&mut self, at: f64, value: f64, target: &str) {
        self.word(1).byte(2).number(at).number(value).text(target);
        self.put(what::SHIFTS);
    }

    fn event(&mut self, id: f64, at: f64, duration: f64) {
        self.byte(0)
            .word(1)
            .text("click")
            .number(at)
            .number(duration)
            .number(id);
        self.number(at + 1.0)
            .number(at + duration - 1.0)
            .text("button");
        self.put(what::EVENTS);
    }

    fn largest(&mut self, what: u8, at: f64, resource: [f64; 2]) {
        self.paint_after(what, at, f64::NAN, resource);
    }

    /// The largest paint, after an interaction.
    fn paint_after(&mut self, what: u8, at: f64, interaction: f64, resource: [f64; 2]) {
        self.number(at)
            .number(interaction)
            .number(resource[0])
            .number(resource[1]);
        self.text("img")
            .text("https://shop.test/a.webp")
            .text("img")
            .text("")
            .put(what);
    }

    fn hide(&mut self, at: f64) -> Vec<Report> {
        self.number(at).put(what::HIDDEN);
        self.vitals.take()
    }

    /// A navigation within the document, told to all vitals.
    fn soft(&mut self, at: f64, duration: f64, painted: f64) {
        self.number(f64::NAN).put(what::FINAL);
        for which in [soft::FCP, soft::TTFB, soft::LCP] {
            self.byte(which).number(at).number(duration).number(painted);
            self.put(what::SOFT);
        }
        self.word(1).byte(4).number(at).number(duration).text("");
        self.put(what::SHIFTS);
        self.byte(0).word(1).text("").number(at).number(duration);
        self.number(7.0).number(f64::NAN).number(f64::NAN).text("");
        self.put(what::EVENTS);
    }

    fn restore(&mut self, at: f64) {
        self.now = at;
        self.number(at).put(what::RESTORED);
        self.put(what::SETTLED);
    }
}

impl Report {
    fn get(&self, name: &str) -> Option<f64> {
        self.values
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    }

    fn says(&self, name: &str) -> &str {
        let text = self.context.iter().find(|(key, _)| *key == name);
        text.map_or("", |(_, text)| core::str::from_utf8(text).unwrap())
    }
}

fn of<'a>(reports: &'a [Report], name: &str) -> Option<&'a Report> {
    reports.iter().find(|report| report.name == name)
}

/// Numbers that can be had again, for properties.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn the_kinds_of_message_have_the_numbers_that_typescript_gives_them() {
    let source = include_str!("../../../npm/web/src/observe/vitals.ts");
    let names: Vec<_> = source
        .split_once("const enum What {")
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(names, _)| {
            names
                .split(',')
                .map(|name| name.trim().to_uppercase())
                .filter(|name| !name.is_empty())
        })
        .unwrap()
        .collect();
    let ours = [
        ("START", what::START),
        ("ACTIVATED", what::ACTIVATED),
        ("PAINT", what::PAINT),
        ("LARGEST", what::LARGEST),
        ("FINAL", what::FINAL),
        ("SHIFTS", what::SHIFTS),
        ("EVENTS", what::EVENTS),
        ("FRAME", what::FRAME),
        ("TIDY", what::TIDY),
        ("COUNT", what::COUNT),
        ("HIDDEN", what::HIDDEN),
        ("RESTORED", what::RESTORED),
        ("SETTLED", what::SETTLED),
        ("REPAINTED", what::REPAINTED),
        ("LOADED", what::LOADED),
        ("SOFT", what::SOFT),
    ];
    assert_eq!(names.len(), ours.len());
    for (place, (name, number)) in ours.into_iter().enumerate() {
        assert_eq!((names[place].as_str(), place), (name, usize::from(number)));
    }
}

#[test]
fn a_message_that_ends_early_is_bad_and_harms_nothing() {
    let mut tester = Tester::painted();
    for what in 0..=16 {
        for len in 0..80 {
            let bytes: Vec<u8> = core::iter::once(what)
                .chain(core::iter::repeat_n(0xff, len))
                .collect();
            tester.vitals.message(1.0, &mut Message::new(&bytes));
        }
    }
}

#[test]
fn ids_have_web_vitals_form_and_differ() {
    let mut ids = Vec::new();
    let mut tester = Tester::painted();
    for at in 1..100 {
        tester.restore(f64::from(at) * 1000.0);
        tester.number(tester.now - 20.0).put(what::REPAINTED);
        ids.extend(
            tester
                .vitals
                .take()
                .into_iter()
                .map(|report| String::from_utf8(report.id).unwrap()),
        );
    }
    for id in &ids {
        let parts: Vec<_> = id.split('-').collect();
        assert_eq!(
            (parts.len(), parts[0], parts[2].len()),
            (3, "v6", 13),
            "{id}"
        );
        assert!(
            parts[1..].iter().all(|part| part.parse::<u64>().is_ok()),
            "{id}"
        );
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn fcp_counts_from_the_activation_and_never_below_zero() {
    for (activation, at, value, first_byte) in [
        (0.0, 812.5, 812.5, 50.0),
        (40.0, 812.5, 772.5, 10.0),
        (900.0, 812.5, 0.0, 0.0),
    ] {
        let mut tester = Tester::started(State {
            activation_start: activation,
            ..STATE
        });
        tester.number(at).put(what::PAINT);
        let reports = tester.vitals.take();
        let fcp = of(&reports, "fcp").unwrap();
        assert_eq!(
            (fcp.value, fcp.get("time_to_first_byte")),
            (value, Some(first_byte))
        );
        assert_eq!(fcp.get("first_byte_to_fcp"), Some(value - first_byte));
        assert_eq!(fcp.says("load_state"), "complete");
        assert_eq!(
            fcp.navigation_type,
            if activation > 0.0 {
                "prerender"
            } else {
                "navigate"
            }
        );
    }
}

#[test]
fn a_navigation_entry_from_the_future_is_none() {
    let mut tester = Tester::started(State {
        kind: b'r',
        response_start: 5000.0,
        ..STATE
    });
    tester.number(60.0).put(what::PAINT);
    let reports = tester.vitals.take();
    let fcp = of(&reports, "fcp").unwrap();
    assert_eq!(
        (fcp.get("time_to_first_byte"), fcp.navigation_type),
        (Some(0.0), "navigate")
    );
    assert_eq!(fcp.says("load_state"), "complete");
}

#[test]
fn load_states_follow_the_navigation_entry() {
    for (at, state) in [
        (99.0, "loading"),
        (100.0, "dom-interactive"),
        (200.0, "dom-content-loaded"),
        (300.0, "complete"),
    ] {
        let mut tester = Tester::started(STATE);
        tester.number(at).put(what::PAINT);
        assert_eq!(tester.vitals.take()[0].says("load_state"), state);
    }
}

#[test]
fn what_is_painted_after_the_page_was_hidden_does_not_count() {
    for hidden in ["now", "before"] {
        let mut tester = Tester::new(if hidden == "now" {
            State {
                flags: HIDDEN,
                ..STATE
            }
        } else {
            STATE
        });
        match hidden {
            "now" => tester.byte(15).word(0).put(what::START),
            _ => tester
                .byte(15)
                .word(2)
                .number(70.0)
                .number(75.0)
                .put(what::START),
        }
        tester.number(80.0).put(what::PAINT);
        tester.largest(what::LARGEST, 80.0, [f64::NAN, 0.0]);
        tester.shift(90.0, 0.1, "div");
        tester.largest(what::FINAL, 80.0, [f64::NAN, 0.0]);
        assert_eq!(tester.hide(500.0), [], "hidden {hidden}");
    }
}

#[test]
fn a_prerendered_page_is_not_hidden_unless_it_still_is_when_activated() {
    for (flags, reported) in [(0, true), (HIDDEN, false)] {
        let mut tester = Tester::started(State {
            flags: PRERENDERING | HIDDEN,
            ..STATE
        });
        tester.state = State {
            flags,
            activation_start: 60.0,
            ..STATE
        };
        tester.put(what::ACTIVATED);
        tester.number(80.0).put(what::PAINT);
        assert_eq!(!tester.vitals.take().is_empty(), reported);
    }
}

#[test]
fn the_parts_of_lcp_add_up_whatever_the_resource_says() {
    let mut dice = Dice(1);
    for _ in 0..2000 {
        let mut time = || dice.below(4000) as f64 / 10.0;
        let mut tester = Tester::started(State {
            response_start: time() + 1.0,
            activation_start: time(),
            ..STATE
        });
        let resource = if time() < 80.0 {
            [f64::NAN, 0.0]
        } else {
            [time(), time()]
        };
        let at = time();
        tester.largest(what::LARGEST, at, [f64::NAN, 0.0]);
        tester.largest(what::FINAL, at, resource);
        let reports = tester.vitals.take();
        let lcp = of(&reports, "lcp").unwrap();
        let sum: f64 = lcp.values.iter().map(|(_, value)| value).sum();
        // Where the first byte is later than the paint the last two are negative, in web-vitals too.
        assert!((sum - lcp.value).abs() < 1e-9, "{lcp:?}");
    }
}

#[test]
fn after_an_input_no_larger_paint_counts() {
    let mut tester = Tester::started(STATE);
    tester.largest(what::LARGEST, 90.0, [f64::NAN, 0.0]);
    tester.largest(what::FINAL, 90.0, [60.0, 80.0]);
    tester.largest(what::LARGEST, 400.0, [f64::NAN, 0.0]);
    tester.largest(what::FINAL, 400.0, [f64::NAN, 0.0]);
    let reports = tester.vitals.take();
    assert_eq!(reports.len(), 1);
    let lcp = &reports[0];
    assert_eq!(
        (
            lcp.value,
            lcp.says("element"),
            lcp.says("resource_initiator_type")
        ),
        (90.0, "img", "img")
    );
    assert_eq!(lcp.get("resource_load_duration"), Some(20.0));
}

#[test]
fn shifts_burst_for_five_seconds_with_gaps_below_one() {
    let mut tester = Tester::painted();
    let mut burst = |from: f64, shifts: &[(f64, f64)]| {
        for (at, value) in shifts {
            tester.shift(from + at, *value, "div");
        }
        tester.hide(from).first().map(|report| report.value)
    };
    // A gap of exactly a second ends a burst.
    assert_eq!(
        burst(0.0, &[(0.0, 0.25), (999.9, 0.25), (1999.9, 0.125)]),
        Some(0.5)
    );
    // So does the fifth second after its first shift; the burst before remains the largest.
    let long: Vec<_> = (0..7).map(|i| (f64::from(i) * 900.0, 0.125)).collect();
    assert_eq!(burst(10_000.0, &long), Some(0.75));
    assert_eq!(burst(30_000.0, &[(0.0, 0.5)]), None);
}

#[test]
fn bursts_are_those_of_a_plain_model() {
    let mut dice = Dice(2);
    for _ in 0..300 {
        let mut tester = Tester::painted();
        let (mut at, mut worst): (f64, f64) = (0.0, 0.0);
        let mut burst: Vec<(f64, f64)> = Vec::new();
        for _ in 0..dice.below(40) {
            at += dice.below(1200) as f64;
            let value = dice.below(100) as f64 / 64.0;
            tester.shift(at, value, "div");
            let fits = burst
                .last()
                .is_some_and(|last| at - last.0 < 1000.0 && at - burst[0].0 < 5000.0);
            // A burst of nothing is none.
            if !fits || burst.iter().all(|shift| shift.1 == 0.0) {
                burst.clear();
            }
            burst.push((at, value));
            worst = worst.max(burst.iter().map(|shift| shift.1).sum());
        }
        assert_eq!(tester.hide(at)[0].value, worst);
    }
}

#[test]
fn the_largest_shift_of_the_worst_burst_is_to_blame() {
    let mut tester = Tester::painted();
    for (at, value, target) in [
        (100.0, 0.1, "a"),
        (200.0, 0.2, "b"),
        (300.0, 0.2, "c"),
        (5000.0, 0.1, "d"),
    ] {
        tester.shift(at, value, target);
    }
    let reports = tester.hide(6000.0);
    let cls = of(&reports, "cls").unwrap();
    assert_eq!(
        (
            cls.says("largest_shift_target"),
            cls.get("largest_shift_time"),
            cls.at
        ),
        ("c", Some(300.0), 300.0)
    );
    assert_eq!(cls.rating, "poor");
}

#[test]
fn no_shift_is_reported_as_zero_once() {
    let mut tester = Tester::painted();
    let reports = tester.hide(1.0);
    assert_eq!(
        (reports[0].name, reports[0].value, reports[0].values.len()),
        ("cls", 0.0, 0)
    );
    assert_eq!(tester.hide(2.0), []);
}

#[test]
fn shifts_after_an_input_do_not_count() {
    let mut tester = Tester::painted();
    tester
        .word(1)
        .byte(3)
        .number(100.0)
        .number(0.4)
        .text("")
        .put(what::SHIFTS);
    assert_eq!(tester.hide(200.0)[0].value, 0.0);
}

#[test]
fn each_fifty_interactions_excuse_one_and_the_value_falls() {
    let mut tester = Tester::started(STATE);
    for (id, duration) in [(7.0, 400.0), (14.0, 240.0), (21.0, 120.0)] {
        tester.event(id, id * 100.0, duration);
    }
    let mut told = Vec::new();
    for count in [3.0, 49.0, 50.0, 100.0, 5000.0] {
        tester.state.interactions = count;
        told.extend(
            tester
                .hide(9000.0)
                .into_iter()
                .map(|report| (report.value, report.delta)),
        );
    }
    assert_eq!(told, [(400.0, 400.0), (240.0, -160.0), (120.0, -120.0)]);
}

#[test]
fn the_ten_longest_are_those_of_a_plain_model() {
    let mut dice = Dice(3);
    for _ in 0..300 {
        let mut tester = Tester::started(STATE);
        let mut latencies: Vec<(f64, f64)> = Vec::new();
        for _ in 0..dice.below(60) {
            let (id, duration) = (1.0 + dice.below(30) as f64, dice.below(40) as f64 * 8.0);
            tester.event(id, 500.0, duration);
            match latencies.iter_mut().find(|known| known.0 == id) {
                Some(known) => known.1 = known.1.max(duration),
                None => latencies.push((id, duration)),
            }
            // One that falls out of the ten is forgotten, even if it comes again.
            latencies.sort_by(|a, b| b.1.total_cmp(&a.1));
            latencies.truncate(10);
        }
        tester.state.interactions = dice.below(600) as f64;
        let place = (tester.state.interactions / 50.0) as usize;
        let expected = latencies
            .get(place)
            .or(latencies.last())
            .map(|known| known.1);
        assert_eq!(
            tester.hide(1.0).first().map(|report| report.value),
            expected
        );
    }
}

#[test]
fn interactions_are_counted_by_their_ids_where_the_browser_does_not() {
    let mut tester = Tester::started(STATE);
    tester.event(700.0, 100.0, 400.0);
    tester.event(1050.0, 900.0, 80.0);
    tester.word(2).number(700.0).number(1050.0).put(what::COUNT);
    // 51 interactions lie between the two ids.
    assert_eq!(tester.hide(2000.0)[0].value, 80.0);
}

#[test]
fn an_interaction_is_taken_apart_with_all_that_shared_its_frame() {
    let mut tester = Tester::started(STATE);
    // A hover's handler, before the click and in its frame; the click's own ends after the paint.
    tester.byte(0).word(2);
    tester
        .text("mouseover")
        .number(960.0)
        .number(246.0)
        .number(0.0)
        .number(970.0)
        .number(1050.0)
        .text("");
    tester
        .text("click")
        .number(1000.0)
        .number(200.0)
        .number(7.0)
        .number(1060.0)
        .number(1300.0)
        .text("button");
    tester.put(what::EVENTS);
    tester
        .byte(0)
        .number(950.0)
        .number(180.0)
        .number(1100.0)
        .word(2);
    tester
        .number(960.0)
        .number(90.0)
        .number(9.0)
        .number(12.0)
        .text("event-listener")
        .text("a")
        .text("b")
        .text("c");
    tester
        .number(1060.0)
        .number(40.0)
        .number(0.0)
        .number(5.0)
        .text("user-callback")
        .text("d")
        .text("e")
        .text("f");
    tester.put(what::FRAME);
    let reports = tester.hide(2000.0);
    let inp = of(&reports, "inp").unwrap();
    assert_eq!(
        (inp.value, inp.at, inp.says("interaction_type")),
        (200.0, 1000.0, "pointer")
    );
    let parts = ["input_delay", "processing_duration", "presentation_delay"]
        .map(|name| inp.get(name).unwrap());
    assert_eq!(parts, [0.0, 200.0, 0.0]);
    // Half of the first script lies before the click.
    let forced = 50.0 / 90.0 * 9.0;
    assert_eq!(inp.get("total_script_duration"), Some(50.0 - forced + 40.0));
    assert_eq!(
        inp.get("total_style_and_layout_duration"),
        Some(30.0 + forced)
    );
    assert_eq!(inp.get("longest_script_intersecting_duration"), Some(50.0));
    assert_eq!(
        (
            inp.says("longest_script_subpart"),
            inp.says("longest_script_source_url")
        ),
        ("input-delay", "b")
    );
}

#[test]
fn memory_is_bounded_on_a_page_that_never_rests() {
    let mut tester = Tester::started(STATE);
    for i in 0..5000 {
        let at = f64::from(i) * 100.0;
        tester.event(at + 1.0, at, 40.0);
        tester
            .byte(0)
            .number(at)
            .number(60.0)
            .number(at)
            .word(0)
            .put(what::FRAME);
        tester.put(what::TIDY);
    }
    assert!(
        tester.vitals.inp.kept() <= 60,
        "{} frames",
        tester.vitals.inp.kept()
    );
}

#[test]
fn a_page_from_the_back_forward_cache_is_measured_anew() {
    let mut tester = Tester::painted();
    for _ in 0..5 {
        tester.number(10.0);
    }
    tester.put(what::LOADED);
    tester.shift(100.0, 0.5, "div");
    tester.event(7.0, 200.0, 300.0);
    tester.state.interactions = 1.0;
    let before = tester.hide(900.0);
    assert_eq!(
        before.iter().map(|report| report.name).collect::<Vec<_>>(),
        ["ttfb", "cls", "inp"]
    );

    tester.restore(5000.0);
    tester.now = 5033.5;
    tester.number(5000.0).put(what::REPAINTED);
    // It was too short for an entry.
    tester.state.interactions = 2.0;
    let after = tester.hide(9000.0);
    let values: Vec<_> = after
        .iter()
        .map(|report| (report.name, report.value, report.delta))
        .collect();
    assert_eq!(
        values,
        [
            ("ttfb", 0.0, 0.0),
            ("lcp", 33.5, 33.5),
            ("fcp", 33.5, 33.5),
            ("cls", 0.0, 0.0),
            ("inp", 8.0, 8.0)
        ]
    );
    for report in &after {
        assert_eq!(
            (report.navigation_type, report.at),
            ("back-forward-cache", 5000.0)
        );
        assert!(before.iter().all(|other| other.id != report.id));
    }
}

#[test]
fn a_navigation_within_the_document_ends_the_vitals_of_the_page_and_begins_its_own() {
    let mut tester = Tester::painted();
    tester.largest(what::LARGEST, 90.0, [f64::NAN, 0.0]);
    tester.shift(100.0, 0.2, "first");
    for mark in [0.0; 5] {
        tester.number(mark);
    }
    tester.put(what::LOADED);
    tester.vitals.take();
    tester.now = 1000.0;
    tester.soft(800.0, 150.0, 940.0);
    let before = tester.vitals.take();
    let value = |name: &str, kind: &str| {
        let report = before
            .iter()
            .find(|report| report.name == name && report.navigation_type == kind);
        report.map(|report| (report.value, report.at))
    };
    assert_eq!(value("lcp", "navigate"), Some((90.0, 0.0)));
    assert_eq!(value("cls", "navigate"), Some((0.2, 100.0)));
    // The page is the new one's when it was painted, not yet when it was asked for.
    assert_eq!(value("fcp", "soft-navigation"), Some((140.0, 950.0)));
    assert_eq!(value("ttfb", "soft-navigation"), Some((0.0, 950.0)));
    assert_eq!(before.len(), 4);

    tester.paint_after(what::LARGEST, 960.0, 800.0, [820.0, 900.0]);
    tester.shift(970.0, 0.1, "second");
    let own = tester.hide(2000.0);
    assert_eq!(
        of(&own, "cls").map(|cls| (cls.value, cls.at)),
        Some((0.1, 970.0))
    );
    tester.paint_after(what::FINAL, 960.0, 800.0, [820.0, 900.0]);
    let own = tester.vitals.take();
    let lcp = of(&own, "lcp").unwrap();
    assert_eq!(
        (lcp.value, lcp.navigation_type, lcp.at),
        (160.0, "soft-navigation", 950.0)
    );
    let parts = [
        "time_to_first_byte",
        "resource_load_delay",
        "resource_load_duration",
        "element_render_delay",
    ];
    assert_eq!(
        parts.map(|part| lcp.get(part)),
        [Some(0.0), Some(20.0), Some(80.0), Some(60.0)]
    );
}

#[test]
fn a_page_that_was_hidden_before_is_seen_when_it_is_navigated() {
    let mut tester = Tester::painted();
    tester.hide(100.0);
    tester.vitals.take();
    tester.soft(800.0, 150.0, 940.0);
    tester.paint_after(what::LARGEST, 960.0, 800.0, [f64::NAN, 0.0]);
    tester.vitals.take();
    tester.number(f64::NAN).put(what::FINAL);
    assert_eq!(
        of(&tester.vitals.take(), "lcp").map(|lcp| lcp.value),
        Some(160.0)
    );
}
