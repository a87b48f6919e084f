use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

use super::*;

fn read(stack: &str) -> Vec<(String, String, u32, u32)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    parse(stack.as_bytes(), b"TypeError", b"x is not a function")
        .iter()
        .map(|f| (text(f.function), text(f.file), f.line, f.column))
        .collect()
}

fn check(stack: &str, expected: &[(&str, &str, u32, u32)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|&(a, b, c, d)| (a.into(), b.into(), c, d))
        .collect();
    assert_eq!(read(stack), expected, "{stack}");
}

#[test]
fn v8_stacks_are_read() {
    check(
        "TypeError: x is not a function\n    at foo (https://shop.example/app.js?v=1:10:5)\n    at https://shop.example/app.js:20:7\n    at new Cart (app.js:3:4)\n    \
         at Object.handle [as click] (https://shop.example/a(b).js:1:2)\n    at async Promise.all (index 0)\n    at async load (https://shop.example/l.js:4:9)\n    \
         at Array.map (<anonymous>)\n    at <anonymous>:1:1\n    at Array.forEach (native)\n    at file:///C:/x/y.html:5:6\n    at blob:https://shop.example/1d3c-4:7:8",
        &[
            ("foo", "https://shop.example/app.js?v=1", 10, 5),
            ("?", "https://shop.example/app.js", 20, 7),
            ("new Cart", "app.js", 3, 4),
            (
                "Object.handle [as click]",
                "https://shop.example/a(b).js",
                1,
                2,
            ),
            ("Promise.all", "index 0", 0, 0),
            ("load", "https://shop.example/l.js", 4, 9),
            ("Array.map", "<anonymous>", 0, 0),
            ("?", "<anonymous>", 1, 1),
            ("Array.forEach", "native", 0, 0),
            ("?", "file:///C:/x/y.html", 5, 6),
            ("?", "blob:https://shop.example/1d3c-4", 7, 8),
        ],
    );
}

#[test]
fn v8_eval_lies_where_eval_was_called() {
    check(
        "Error: x\n    at eval (eval at run (https://shop.example/a.js:1:2), <anonymous>:3:4)\n    at f (eval at g (eval at h (https://shop.example/b.js:5:6), <anonymous>:1:1), <anonymous>:7:8)",
        &[
            ("eval", "https://shop.example/a.js", 1, 2),
            ("f", "https://shop.example/b.js", 5, 6),
        ],
    );
}

#[test]
fn wasm_frames_have_their_offset_as_column() {
    check(
        "Error: x\n    at add (wasm://wasm/0a1b:wasm-function[12]:0x1f3)\n    at https://shop.example/m.wasm:wasm-function[3]:0xff",
        &[
            ("add", "wasm://wasm/0a1b", 1, 0x1f3),
            ("wasm-function[3]", "https://shop.example/m.wasm", 1, 255),
        ],
    );
    check(
        "add@https://shop.example/m.wasm:wasm-function[12]:0x1f3\n<?>.wasm-function[1]@[wasm code]",
        &[
            ("add", "https://shop.example/m.wasm", 1, 0x1f3),
            ("<?>.wasm-function[1]", "[wasm code]", 0, 0),
        ],
    );
}

#[test]
fn spidermonkey_stacks_are_read() {
    check(
        "foo/bar@https://shop.example/app.js:10:5\n@https://shop.example/app.js:20:7\nasync*load@https://shop.example/l.js:4:9\n\
         promise callback*next@https://cdn.example/react@18/x.js:1:2\nf@https://shop.example/e.js line 10 > eval:1:1\ng@https://shop.example/e.js line 3 > Function:2:9\n\
         h@moz-extension://1d3c/x.js:1:2\ni@resource://gre/m.js:5:6\n",
        &[
            ("foo/bar", "https://shop.example/app.js", 10, 5),
            ("?", "https://shop.example/app.js", 20, 7),
            ("load", "https://shop.example/l.js", 4, 9),
            ("next", "https://cdn.example/react@18/x.js", 1, 2),
            ("f", "https://shop.example/e.js", 10, 0),
            ("g", "https://shop.example/e.js", 3, 0),
            ("h", "moz-extension://1d3c/x.js", 1, 2),
            ("i", "resource://gre/m.js", 5, 6),
        ],
    );
}

#[test]
fn javascriptcore_stacks_are_read() {
    check(
        "foo@https://shop.example/app.js:10:5\nhttps://shop.example/react@18/app.js:20:7\nforEach@[native code]\nglobal code@https://shop.example/:3:4\neval code\neval@[native code]\n\
         module code@https://shop.example/m.js:5:6\nasync load@https://shop.example/l.js:1:2",
        &[
            ("foo", "https://shop.example/app.js", 10, 5),
            ("?", "https://shop.example/react@18/app.js", 20, 7),
            ("forEach", "[native code]", 0, 0),
            ("global code", "https://shop.example/", 3, 4),
            ("eval", "[native code]", 0, 0),
            ("module code", "https://shop.example/m.js", 5, 6),
            ("async load", "https://shop.example/l.js", 1, 2),
        ],
    );
}

#[test]
fn a_message_is_no_frame() {
    for stack in [
        "Error: look at me\nat noon\nmail me@shop.example",
        "TypeError: see https://shop.example/x:1:2",
        "",
        "\n\n",
        "Script error.",
    ] {
        check(stack, &[]);
    }
    let message = b"bad\n    at fake (https://shop.example/fake.js:1:1)";
    let stack = [
        b"Error: ".as_slice(),
        message,
        b"\n    at real (https://shop.example/real.js:2:2)",
    ]
    .concat();
    let frames = parse(&stack, b"Error", message);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].function, b"real");
}

#[test]
fn depth_and_width_are_bounded() {
    let stack = "    at f (https://shop.example/a.js:1:2)\n".repeat(10_000);
    assert_eq!(read(&stack).len(), FRAMES);
    let wide = std::format!(
        "f@https://shop.example/{}:1:2\ng@https://shop.example/a.js:3:4",
        "x".repeat(1_000_000)
    );
    assert_eq!(read(&wide).last().unwrap().0, "g");
}

#[test]
fn a_hostile_line_costs_no_more_than_its_length() {
    for piece in [
        "(",
        " (",
        "@",
        ":1",
        "eval at ",
        "*",
        " line ",
        "at ",
        "://",
        ":wasm-function[",
    ] {
        // Some megabytes: work that went by the square of them would not end.
        read(&std::format!("at {}", piece.repeat(LINE_BYTES)).repeat(2_000));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(stack in proptest::collection::vec(any::<u8>(), 0..2000), message in proptest::collection::vec(any::<u8>(), 0..20)) {
        parse(&stack, b"Error", &message);
    }

    #[test]
    fn text_that_looks_like_a_stack_is_read_without_panic(stack in "(at |async |eval at |@|\\(|\\)|:|0x|wasm-function\\[|[0-9]{1,12}| line | > |://|\\*|\n|é|[a-z]){0,80}") {
        for frame in parse(stack.as_bytes(), b"", b"") {
            prop_assert!(core::str::from_utf8(frame.function).is_ok());
            prop_assert!(frame.function != b"");
        }
    }
}
