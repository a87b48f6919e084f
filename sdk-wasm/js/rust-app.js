// Made of npm/web/src by `cargo xtask sdk`, which git keeps so that a crate is whole. Not to be edited.

// src/entered.ts
var MOST = 64;
function createEntered() {
  let sdk;
  let looks = false;
  const entered = [];
  const soon = queueMicrotask;
  const none2 = () => {
    looks = false;
    entered.length = 0;
    if (sdk) sdk.current_ = void 0;
  };
  const look = () => {
    if (looks) return;
    looks = true;
    soon(none2);
  };
  return {
    forget_() {
      none2();
      look();
    },
    join_(shared) {
      sdk = shared;
    },
    enter_(span) {
      const place_ = { trace_: span.traceId, span_: span.spanId };
      entered.push({ span_: span, place_, before_: sdk == null ? void 0 : sdk.current_ });
      if (entered.length > MOST) {
        const { before_, place_: gone } = entered.shift();
        if (entered[0].before_ == gone) entered[0].before_ = before_;
      }
      if (sdk) sdk.current_ = place_;
      look();
    },
    exit_(span) {
      const at = entered.map(({ span_ }) => span_).lastIndexOf(span);
      if (at < 0) return;
      const [{ place_, before_ }] = entered.splice(at, 1);
      if (at < entered.length) entered[at].before_ = before_;
      else if ((sdk == null ? void 0 : sdk.current_) == place_) sdk.current_ = before_;
    }
  };
}

// src/observe/describe.ts
var MOST2 = 8;
var LONG = 99;
function safe(read2) {
  try {
    return read2();
  } catch {
  }
}
var IDLE_TIMEOUT = 1e3;
function idly(run, later) {
  let done;
  const once = () => done || run(done = 1);
  safe(() => requestIdleCallback(once, { timeout: IDLE_TIMEOUT })) || later(once);
  return once;
}
var get = (value, key2) => safe(() => value[key2]);
var text = (value) => typeof value == "string" ? value : safe(() => String(value ?? "")) || "";
var keys = (value) => safe(() => Object.keys(value || {})) || [];
function own(value, to = { __proto__: null }) {
  for (const key2 of keys(value)) safe(() => to[key2] = value[key2]);
  return to;
}
function bring(from, to) {
  for (const key2 of keys(from)) safe(() => typeof from[key2] == "function" && !(key2 in to) && (to[key2] = from[key2]));
  return to;
}
function describe(thrown, members = "name message stack type") {
  if (!thrown || typeof thrown != "object") return [typeof thrown, safe(() => String(thrown)) || "", ""];
  const [name, message, stack, kind2] = members.split(" ").map((key2) => text(get(thrown, key2)));
  return [
    name || text(get(get(thrown, "constructor"), "name")),
    // What is in its members may be anybody's; their names say what it is. An event's own keys say little, its type does.
    // Of a long list nothing is shown: the names of its members alone take seconds.
    message || stack ? message : kind2 + "{" + keys(safe(() => LONG in thrown) || thrown).slice(0, MOST2) + "}",
    stack
  ];
}
function causes(thrown) {
  const found = [];
  const seen = [thrown];
  for (const error of seen) {
    const children = get(error, "errors");
    for (const child of [get(error, "cause"), ...safe(() => Array.isArray(children) && children.slice(0, MOST2)) || []]) {
      if (child == null || seen.includes(child) || found.length >= MOST2) continue;
      seen.push(child);
      found.push(describe(child));
    }
  }
  return found;
}

// src/options.ts
function number(value) {
  return value === void 0 ? NaN : typeof value == "number" && value == value ? value : -Infinity;
}
var KINDS = {
  string: "key view base",
  object: "app session batch limits user attributes capture sampling baggage scrub",
  function: "beforeSend onDiagnostic transport scrub.page",
  list: "propagateTo ignoreErrors denyUrls features routes",
  number: "sampleRate coreDelayMs",
  boolean: "extensionErrors outbox remoteConfig selfReport unsampledHeader sampling.ring capture.errors capture.vitals capture.fetch capture.xhr capture.navigation"
};
var kind = (value) => Array.isArray(value) ? "list" : typeof value;
function check(given, tell2) {
  const options = own(given);
  const drop = (name, key2 = name, at = options) => {
    delete at[key2];
    tell2(11 /* BadOption */, name);
  };
  for (const wanted of Object.keys(KINDS)) {
    for (const name of KINDS[wanted].split(" ")) {
      const [key2, inner] = name.split(".");
      const at = inner ? options[key2] || {} : options;
      const value = at[inner || key2];
      if (value == null) delete at[inner || key2];
      else if (!safe(() => kind(value) == wanted && (wanted != "list" || (/^(fea|rou)t/.test(name) ? value.slice() : value.every((item) => typeof item == "string" || item instanceof RegExp))))) drop(name, inner, at);
      else if (wanted == "object") options[name] = own(value);
    }
  }
  if (!/^(farol|faro|)$/.test(text(options.protocol))) drop("protocol");
  if (!/^(ignore|anonymous|off|)$/.test(text(options.privacyControl))) drop("privacyControl");
  return options;
}
function matches(patterns, text3) {
  return patterns == null ? void 0 : patterns.some((pattern) => typeof pattern == "string" ? text3.includes(pattern) : text3.search(pattern) >= 0);
}

// src/more/option.ts
function option(sdk, name, kinds) {
  var _a;
  const value = (_a = sdk.options_.capture) == null ? void 0 : _a[name];
  if (value == null || kinds.split(" ").includes(kind(value))) return value;
  sdk.tell_(11 /* BadOption */, "capture." + name);
}

// src/more/answers.ts
var HEADER = "traceresponse";
var VALUE = /^00-(?!0+-)([\da-f]{32})-(?!0+-)([\da-f]{16})-[\da-f]{2}\s*$/;
function answered(value) {
  const [, trace, span] = VALUE.exec(value || "") || [];
  return trace ? { ["farol.answer.trace_id" /* AnswerTrace */]: trace, ["farol.answer.span_id" /* AnswerSpan */]: span } : void 0;
}
function observeAnswers(sdk) {
  if (!option(sdk, "traceResponse", "boolean")) return;
  sdk.answered_ = (answer) => {
    var _a;
    return answered("headers" in answer ? answer.headers.get(HEADER) : (_a = new RegExp("^" + HEADER + ": *(.*)$", "mi").exec(answer.getAllResponseHeaders())) == null ? void 0 : _a[1]);
  };
  sdk.stops_.push(() => sdk.answered_ = void 0);
}

// src/page.ts
function page() {
  const key2 = /* @__PURE__ */ Symbol.for("farol.patch/1");
  const root = globalThis;
  if (!root[key2]) Object.defineProperty(root, key2, { value: { layers: {}, bytes: 0, flights: 0 } });
  return root[key2];
}
function patch(key2, owner, name, sub, make) {
  const { layers } = page();
  const target = owner;
  const native = target[name];
  if (!native) return () => {
  };
  let layer = layers[key2];
  if ((layer == null ? void 0 : layer.wrapper) != native) {
    const subs = [];
    const own2 = Object.prototype.hasOwnProperty.call(owner, name);
    const wrapper = make(native, subs);
    for (const key3 of "name length".split(" ")) Object.defineProperty(wrapper, key3, { value: native[key3], configurable: true });
    target[name] = wrapper;
    layer = { native, root: (layer == null ? void 0 : layer.root) || native, wrapper, subs, own: own2, make };
    layers[key2] = layer;
  }
  layer.subs.push(sub);
  return () => {
    const at = layer.subs.indexOf(sub);
    if (at < 0) return;
    layer.subs.splice(at, 1);
    if (layer.subs.length || target[name] != layer.wrapper) return;
    if (layer.own) target[name] = layer.native;
    else delete target[name];
    delete layers[key2];
  };
}

// src/more/tell.ts
var micros = (ms) => Math.round(ms * 1e3) / 1e3;
function tell(sdk, name, attributes, at = NaN, [trace, span] = ["", ""]) {
  for (const key2 of keys(attributes)) {
    const value = attributes[key2];
    if (typeof value == "number") safe(() => attributes[key2] = micros(value));
  }
  sdk.put_(2 /* Event */, (w) => w.s(name).s("").a(attributes).s(trace).s(span).n(at));
}
function parting(sdk, callback) {
  const { put_: put } = sdk;
  sdk.put_ = (op, write, at) => put(op | 512 /* Parting */, write, at);
  try {
    callback();
  } finally {
    sdk.put_ = put;
  }
}
function onHidden(sdk, callback) {
  sdk.hides_.add(sdk.guard_(({ type }) => parting(sdk, () => callback(type))));
}
function onEnd(sdk, callback) {
  onHidden(sdk, () => callback());
  sdk.stops_.push(() => parting(sdk, callback));
}
function onLeft(sdk, callback) {
  onHidden(sdk, (type) => type == "pagehide" && callback());
}

// src/more/cap.ts
function createCap(most, tell2) {
  const known2 = /* @__PURE__ */ new Map();
  let beyond = 0;
  return {
    see_(key2, thing) {
      const before = known2.get(key2);
      if (before) before.more_++;
      else if (known2.size < most) {
        known2.set(key2, { thing_: thing, more_: 0 });
        tell2(thing, 1);
      } else beyond++;
    },
    settle_() {
      for (const entry of known2.values()) {
        const { more_: more } = entry;
        entry.more_ = 0;
        if (more) tell2(entry.thing_, more);
      }
      const rest = beyond;
      beyond = 0;
      if (rest) tell2(void 0, rest);
    }
  };
}
function capped(sdk, most, tell2) {
  const { see_: see, settle_: settle } = createCap(most, tell2);
  onEnd(sdk, settle);
  return see;
}

// src/more/print.ts
var LONGEST = 4e3;
var MEMBERS = 10;
var DEEP = 2;
var isNode = (value) => !!safe(() => value instanceof Node);
function show(value, deep, seen) {
  switch (typeof value) {
    case "string":
      return deep < DEEP ? '"' + value.slice(0, 200) + '"' : value.slice(0, LONGEST);
    case "function":
      return "function " + (safe(() => value.name) ?? "");
    case "bigint":
      return value + "n";
    case "object":
      break;
    default:
      return safe(() => String(value)) ?? "";
  }
  if (!value) return "null";
  if (seen.includes(value)) return "(cycle)";
  if (isNode(value)) return "<" + (safe(() => value.localName || value.nodeName) ?? "node") + ">";
  if (safe(() => value instanceof Error)) {
    const [type, message] = describe(value);
    return type + ": " + message;
  }
  const list = safe(() => Array.isArray(value) || ArrayBuffer.isView(value));
  if (!deep) return list ? "[…]" : "{…}";
  const inside = [...seen, value];
  const long = list && safe(() => value.length) > MEMBERS;
  const keys2 = long ? Object.keys([...Array(MEMBERS + 1)]) : safe(() => Object.keys(value)) ?? [];
  const parts = keys2.slice(0, MEMBERS).map((key2) => {
    const own2 = safe(() => Object.getOwnPropertyDescriptor(value, key2));
    const shown = own2 && "value" in own2 ? show(own2.value, deep - 1, inside) : "(…)";
    return list ? shown : key2.slice(0, 100) + ": " + shown;
  });
  if (keys2.length > MEMBERS) parts.push("…");
  return list ? "[" + parts.join(", ") + "]" : "{" + parts.join(", ") + "}";
}
function print(args) {
  const rest = Array.prototype.slice.call(args, 0, MEMBERS);
  const one = (value) => safe(() => show(value, DEEP, [])) ?? "(…)";
  let text3 = "";
  const [first] = rest;
  if (typeof first == "string" && first.length < LONGEST && /%[sdifoOc]/.test(first)) {
    rest.shift();
    text3 = first.replace(/%([sdifoOc%])/g, (whole, what) => what == "%" ? "%" : !rest.length ? whole : what == "c" ? (rest.shift(), "") : one(rest.shift()));
  }
  for (const value of rest) {
    if (text3.length > LONGEST) break;
    text3 += (text3 && " ") + one(value);
  }
  return text3.slice(0, LONGEST);
}

// src/more/console.ts
var MOST3 = 200;
var LEVELS = { trace: "trace", debug: "debug", info: "info", log: "info", warn: "warn", error: "error" };
var wrap = (native, subs) => function() {
  for (const sub of subs) sub(arguments);
  return native.apply(this, arguments);
};
function observeConsole(sdk) {
  const wanted = option(sdk, "console", "list");
  if (!wanted) return;
  let busy = false;
  let written;
  const see = capped(sdk, MOST3, (thing, count2) => {
    const [method, text3] = thing || ["log", "(more lines)"];
    sdk.put_(3 /* Log */, (w) => sdk.place_(w.s(LEVELS[method]).s(text3).a({ ["browser.console.method" /* ConsoleMethod */]: method, ["farol.count" /* Count */]: count2 > 1 ? count2 : void 0 })));
  });
  for (const method of wanted) {
    if (!LEVELS[method]) continue;
    const sub = sdk.guard_((args) => {
      if (busy || !sdk.live_()) return;
      busy = true;
      try {
        const error = method == "error" && Array.prototype.find.call(args, (one) => safe(() => one instanceof Error));
        if (!error) {
          const text3 = print(args);
          see(method + text3, [method, text3]);
        } else if (error !== written) {
          written = error;
          const others = Array.prototype.filter.call(args, (one) => one !== error);
          sdk.capture_(error, "console", 0, void 0, others.length ? { ["browser.console.text" /* ConsoleText */]: print(others) } : void 0);
        }
      } finally {
        busy = false;
      }
    });
    sdk.stops_.push(patch("console." + method, console, method, sub, wrap));
  }
}

// src/more/element.ts
var THING = "a,button,input,select,textarea,label,summary,option,form,[role]";
var WRITTEN = "input,textarea,select,option,[contenteditable],[role~=textbox i],[role~=searchbox i],[role~=combobox i]";
var LONGEST2 = 64;
var isElement = (target) => !!safe(() => target instanceof Element);
var ask = (element, method, about) => Element.prototype[method].call(element, about);
var thingOf = (target) => ask(target, "closest", THING) || target;
function nameOf(target) {
  if (!isElement(target)) return "";
  const named2 = ask(target, "closest", "[data-farol-name]");
  if (named2) return text(ask(named2, "getAttribute", "data-farol-name"));
  const thing = thingOf(target);
  return ask(thing, "getAttribute", "role") || text(thing.localName);
}
function listedText(target, list) {
  if (!list || !isElement(target)) return;
  const thing = thingOf(target);
  if (!safe(() => list.some((selector2) => safe(() => thing.matches(selector2))))) return;
  if (ask(thing, "closest", WRITTEN) || ask(thing, "querySelector", WRITTEN)) return;
  return text(thing.textContent).slice(0, LONGEST2 * 8).replace(/\s+/g, " ").trim().slice(0, LONGEST2) || void 0;
}

// src/more/forms.ts
var MOST4 = 20;
var called = (element) => {
  const attribute = (name) => text(safe(() => ask(element, "getAttribute", name)));
  return attribute("data-farol-name") || attribute("id") || attribute("name") || text(element.localName);
};
function observeForms(sdk) {
  if (!option(sdk, "forms", "boolean")) return;
  const begun = /* @__PURE__ */ new Map();
  let href = location.href;
  const abandoned = (form) => {
    const { since_: since, last_: last, count_: count2 } = begun.get(form);
    begun.delete(form);
    tell(sdk, "farol.form_abandoned" /* FormAbandoned */, {
      ["farol.form.name" /* FormName */]: called(form),
      ["farol.form.last_field" /* FormField */]: last,
      ["farol.form.fields" /* FormFields */]: count2,
      ["farol.form.duration" /* FormDuration */]: performance.now() - since
    });
  };
  sdk.on_(window, "input change", ({ target, timeStamp, isTrusted }) => {
    const form = isTrusted && sdk.live_() && isElement(target) && target.closest("form");
    if (!form) return;
    if (href != location.href) begun.forEach((_, form2) => form2.isConnected || abandoned(form2));
    href = location.href;
    let entry = begun.get(form);
    if (!entry) {
      const forms2 = [...begun.keys()];
      if (forms2.length >= MOST4) begun.delete(forms2.find(({ isConnected }) => !isConnected) || forms2[0]);
      begun.set(form, entry = { since_: timeStamp, last_: "", fields_: /* @__PURE__ */ new WeakSet(), count_: 0 });
    }
    entry.last_ = called(target);
    if (!entry.fields_.has(target)) entry.count_++;
    entry.fields_.add(target);
  }, true);
  sdk.on_(window, "submit reset formdata", ({ target }) => begun.delete(target), true);
  onLeft(sdk, () => begun.forEach((_, form) => abandoned(form)));
}

// src/observe/navigation.ts
var LONGEST3 = 400;
var STARS = 5;
var wrap2 = (how) => (native, subs) => function() {
  const result = native.apply(this, arguments);
  for (const sub of subs) sub(how);
  return result;
};
var viewOf = (routes) => routes && safe(() => {
  const { pathname, hash } = location;
  const path2 = /^#!?\//.test(hash) ? hash.replace(/^#!?|\?.*/g, "") : pathname;
  if (path2.length < LONGEST3) for (const route of routes) {
    const [pattern, name] = [].concat(route);
    const form = safe(() => encodeURI(pattern).replace(/[^\w/:*%-]/g, "\\$&").replace(/:[\w%]+/g, "[^/]+").replace(/(\/?\*)+/g, "(/.*)?"));
    if (form && form.split("*").length < STARS && new RegExp("^" + form + "/?$").test(path2)) return name || pattern;
  }
});
var pageOf = ({ scrub }, { href } = location) => (scrub == null ? void 0 : scrub.page) ? text(safe(() => scrub.page(href))) : href;
function observeNavigation(sdk) {
  const { routes } = sdk.options_;
  let last = location.href;
  let view = viewOf(routes);
  const tell2 = (how, turned) => sdk.put_(11 /* Navigation */, (w) => {
    w.s(pageOf(sdk.options_)).b(how);
    if (turned) w.s(view);
  });
  const changed = sdk.guard_((how) => {
    const before = last;
    last = location.href;
    if (last == before) return;
    const next = viewOf(routes);
    const turned = next != view;
    view = next;
    tell2(last.split("#")[0] == before.split("#")[0] ? 4 /* Hash */ : how, turned);
  });
  tell2(0 /* Load */);
  sdk.on_(window, "pageshow", ({ persisted }) => persisted && tell2(6 /* Restored */));
  const { NavigateEvent, navigation } = window;
  if (NavigateEvent && navigation) {
    sdk.on_(navigation, "currententrychange", ({ navigationType: kind2 }) => changed(kind2 == "push" ? 1 /* Push */ : kind2 == "traverse" ? 3 /* Traverse */ : 2 /* Replace */));
  } else {
    sdk.stops_.push(
      patch("push", history, "pushState", changed, wrap2(1 /* Push */)),
      patch("replace", history, "replaceState", changed, wrap2(2 /* Replace */))
    );
    sdk.on_(window, "popstate hashchange", () => changed(3 /* Traverse */));
  }
}

// src/observe/request.ts
var HEADER2 = "traceparent";
var BAGGAGE = "baggage";
var BAGGAGE_BYTES = 8192;
function baggage(members) {
  const values = own(members);
  const text3 = Object.keys(values).filter((name) => typeof values[name] == "string" && /^[!#-'*+.^-z|~\w-]+$/.test(name)).map((name) => safe(() => name + "=" + encodeURIComponent(values[name]))).filter(Boolean).join();
  return text3.length > BAGGAGE_BYTES ? "" : text3;
}
function under(pattern, address2) {
  if (typeof pattern != "string") return address2.search(pattern) >= 0;
  return address2.startsWith(pattern) && (pattern.endsWith("/") || /^$|^[/?#]/.test(address2.slice(pattern.length)));
}
var PLAIN = /^(\/\w[\w.-]*)+\/?(\?[\w=&%+.-]*)?$/;
function resolve({ origin_: own2 }, address2) {
  if (PLAIN.test(address2) && document.baseURI.startsWith(own2 + "/")) return { href: own2 + address2, origin: own2 };
  return safe(() => new URL(address2, document.baseURI));
}
function begin(sdk, initiator, method, address2) {
  var _a, _b;
  if (!sdk.live_() && !sdk.options_.unsampledHeader) return;
  const { href, origin } = resolve(sdk, address2) || { href: "" };
  if (!href.startsWith("http") || under(sdk.endpoint_, href)) return;
  const { baggage: members } = sdk.options_;
  const parent2 = sdk.ambient_();
  const place = sdk.child_(parent2 || null);
  const goes = origin == sdk.origin_ || ((_a = sdk.options_.propagateTo) == null ? void 0 : _a.some((pattern) => under(pattern, href)));
  return {
    ...place,
    header_: goes ? sdk.header_(place) : "",
    baggage_: members && goes && sdk.granted_() ? baggage(members) : "",
    initiator_: initiator,
    parent_: parent2 == null ? void 0 : parent2.span_,
    method_: method,
    href_: href,
    start_: performance.now(),
    ended_: (_b = sdk.begun_) == null ? void 0 : _b.call(sdk)
  };
}
function joined(traced, header) {
  const named2 = traced && /^..-(?!0+-)([\da-f]{32})-(?!0+-)([\da-f]{16})-/.exec(header);
  if (named2 && named2[2] != traced.span_) [, traced.trace_, traced.parent_] = named2;
  return header != null;
}
function finish(sdk, traced, status, error, more) {
  var _a;
  const end = performance.now();
  sdk.put_(7 /* Request */, (w) => w.b(traced.initiator_).s(traced.trace_).s(traced.span_).s(traced.parent_).s(("" + traced.method_).toUpperCase()).s(traced.href_).n(traced.start_).n(end).n(status).s(error).a(more));
  (_a = traced.ended_) == null ? void 0 : _a.call(traced, !!error || status > 399);
}

// src/more/party.ts
var GENERIC = /^(ac|ad|asn|asso|co|com|edu|gen|go|gob|gouv|gov|govt|gr|gv|id|idv|in|ind|info|lg|ltd|me|mil|my|ne|net|nhs|nom|or|org|pe|plc|re|sch|web)$/;
function site(host) {
  if (/^[\d.]+$|:/.test(host)) return host;
  const labels = host.split(".");
  const [second = "", last = ""] = labels.slice(-2);
  return labels.slice(last.length == 2 && GENERIC.test(second) ? -3 : -2).join(".");
}
var below = (host, page2) => ("." + host).endsWith("." + page2);
var party = (host, page2) => site(host) == site(page2) || below(host, page2) || below(page2, host) ? "first" : "third";

// src/more/timings.ts
var RESOURCES = 250;
var MARKS = 200;
var SERVER = 8;
var ONCE = 1e3;
var INTERNAL = 1;
var MOMENTS = "redirectStart redirectEnd workerStart fetchStart domainLookupStart domainLookupEnd connectStart connectEnd secureConnectionStart requestStart responseStart responseEnd transferSize encodedBodySize decodedBodySize".split(" ");
var LOAD = "domInteractive domContentLoadedEventStart domContentLoadedEventEnd domComplete loadEventStart loadEventEnd unloadEventStart unloadEventEnd redirectCount".split(" ");
var snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
function fields(entry, names2, prefix) {
  const found = {};
  for (const name of names2) {
    const value = entry[name];
    if (value) found[prefix + snake(name)] = value;
  }
  return found;
}
var TRACE = /^00-(?!0+-)([\da-f]{32})-(?!0+-)([\da-f]{16})-/;
function serverTiming(list = []) {
  const found = {};
  let trace;
  list.forEach(({ name, duration, description }, at) => {
    const match = name == "traceparent" && TRACE.exec(description);
    if (match) trace = [match[1], match[2]];
    else if (duration && at < SERVER) found["farol.server_timing." /* Server */ + name] = duration;
  });
  return [found, trace];
}
function resourceAttributes(entry) {
  const { name, duration, initiatorType, nextHopProtocol, renderBlockingStatus, responseStatus } = entry;
  return {
    ["url.full" /* Url */]: name,
    ["browser.resource_timing." /* Resource */ + "initiator_type"]: initiatorType,
    ["browser.resource_timing." /* Resource */ + "duration"]: duration,
    ["browser.resource_timing." /* Resource */ + "next_hop_protocol"]: nextHopProtocol || void 0,
    ["browser.resource_timing." /* Resource */ + "render_blocking_status"]: renderBlockingStatus,
    ["http.response.status_code" /* Status */]: responseStatus || void 0,
    ...fields(entry, MOMENTS, "browser.resource_timing." /* Resource */)
  };
}
var repeats = (count2) => count2 > 1 ? count2 : void 0;
function observe(sdk, type, take) {
  var _a;
  if (!((_a = PerformanceObserver.supportedEntryTypes) == null ? void 0 : _a.includes(type))) return;
  const seen = (entries) => entries.filter(({ startTime }) => sdk.live_(startTime)).forEach(take);
  const observer = new PerformanceObserver(sdk.guard_((list) => seen(list.getEntries())));
  observer.observe({ type, buffered: true });
  onEnd(sdk, () => seen(observer.takeRecords()));
  sdk.stops_.push(() => observer.disconnect());
}
function observeResources(sdk) {
  const wanted = option(sdk, "resources", "boolean object");
  if (!wanted) return;
  const { rate = 1, ignore, thirdParty, minMs = 0 } = wanted === true ? {} : wanted;
  if (Math.random() >= rate) return;
  const list = safe(() => Array.isArray(ignore)) ? ignore : void 0;
  const { see_: see, settle_: settle } = createCap(RESOURCES, (entry, count2) => {
    if (!entry) return tell(sdk, "browser.resource_timing" /* Resource */, { ["farol.count" /* Count */]: count2 });
    const [server, trace] = serverTiming(entry.serverTiming);
    const { hostname } = new URL(entry.name);
    tell(sdk, "browser.resource_timing" /* Resource */, {
      ...resourceAttributes(entry),
      ...server,
      ["farol.resource.party" /* Party */]: party(hostname, location.hostname),
      ["farol.count" /* Count */]: repeats(count2),
      ["farol.sampling.kept." /* Kept */ + "resources"]: rate < 1 ? rate : void 0
    }, entry.startTime, trace);
  });
  observe(sdk, "resource", (entry) => {
    const { name, duration, startTime } = entry;
    if (duration < minMs || !/^http/.test(name) || under(sdk.endpoint_, name) || matches(list, name)) return;
    if (thirdParty === false && party(new URL(name).hostname, location.hostname) == "third") return;
    see(startTime + name, entry);
  });
  onEnd(sdk, settle);
}
function observeLoad(sdk) {
  if (!option(sdk, "load", "boolean")) return;
  const { later_: later, ambient_: ambient } = sdk;
  let load3;
  let loading = true;
  const stand = ({ trace_: trace, span_: span }) => sdk.put_(22 /* Load */, (w) => w.s(trace).s(span));
  const look = () => {
    const entry = performance.getEntriesByType("navigation")[0];
    const [server, [id, parent2] = []] = serverTiming(entry == null ? void 0 : entry.serverTiming);
    if (!load3 || id && id != load3.trace_) stand(load3 = sdk.child_(id ? { trace_: id, span_: parent2 } : null));
    return [entry, server, load3, parent2];
  };
  if (look()[0]) sdk.ambient_ = () => ambient() || (loading ? load3 : void 0);
  const told = sdk.guard_(() => {
    const [entry, server, load4, parent2] = look();
    loading = false;
    const page2 = pageOf(sdk.options_, { href: entry.name });
    const spans = [
      ["documentFetch", sdk.child_(load4), load4.span_, entry.fetchStart, entry.responseEnd],
      ["documentLoad", load4, parent2, 0, entry.loadEventEnd]
    ];
    for (const [name, { trace_: trace, span_: span }, above, start2, end] of spans) {
      sdk.put_(6 /* Span */, (w) => w.s(trace).s(span).s(above).s(name).b(INTERNAL).n(start2).n(end).b(0).s("").a({ ["url.full" /* Url */]: page2 }));
    }
    tell(sdk, "browser.navigation_timing" /* Load */, { ...resourceAttributes(entry), ["url.full" /* Url */]: page2, ["browser.navigation_timing." /* Load */ + "type"]: entry.type, ...fields(entry, LOAD, "browser.navigation_timing." /* Load */), ...server }, 0, [load4.trace_, load4.span_]);
  });
  const soon = () => later(told);
  if (document.readyState == "complete") soon();
  else sdk.on_(window, "load", soon);
}
function observeMarks(sdk) {
  const wanted = option(sdk, "userTiming", "boolean list");
  if (!wanted) return;
  const list = Array.isArray(wanted) ? wanted : void 0;
  const { see_: see, settle_: settle } = createCap(MARKS, (entry, count2) => tell(sdk, "farol.user_timing" /* Mark */, entry ? { ["farol.user_timing.name" /* MarkName */]: entry.name, ["farol.user_timing.entry_type" /* MarkType */]: entry.entryType, ["farol.user_timing.duration" /* MarkDuration */]: entry.duration || void 0, ["farol.count" /* Count */]: repeats(count2) } : { ["farol.count" /* Count */]: count2 }, entry == null ? void 0 : entry.startTime));
  for (const type of ["mark", "measure"]) {
    observe(sdk, type, (entry) => {
      if (!list || matches(list, entry.name)) see(entry.startTime + type + entry.name, entry);
    });
  }
  onEnd(sdk, settle);
}
function observeMemory(sdk) {
  if (!option(sdk, "memory", "boolean")) return;
  let last = -ONCE;
  onHidden(sdk, (type) => {
    const { memory: memory2 } = performance;
    const now = performance.now();
    if (!memory2 || !sdk.live_() || type == "freeze" || now - last < ONCE) return;
    last = now;
    sdk.put_(4 /* Measurement */, (w) => {
      w.s("farol.memory" /* Memory */).u(3);
      for (const [key2, name] of [["usedJSHeapSize", "used"], ["totalJSHeapSize", "total"], ["jsHeapSizeLimit", "limit"]]) w.s(name).n(memory2[key2]);
      sdk.place_(w.a(void 0));
    });
  });
}

// src/extra.ts
var answers = observeAnswers;
var consoleLogs = observeConsole;
var forms = observeForms;
var load = observeLoad;
var memory = observeMemory;
var resources = observeResources;
var userTiming = observeMarks;
var features = [answers, consoleLogs, forms, load, memory, resources, userTiming];

// src/writer.ts
var START = 4096;
var MOST5 = 131072;
function createWriter() {
  let bytes = new Uint8Array(START);
  let view = new DataView(bytes.buffer);
  let at = 0;
  const encoder = new TextEncoder();
  function room(more) {
    if (at + more <= bytes.length) return;
    const grown2 = new Uint8Array(Math.max(bytes.length * 2, at + more));
    grown2.set(bytes);
    bytes = grown2;
    view = new DataView(bytes.buffer);
  }
  const writer = {
    b(value) {
      room(1);
      bytes[at++] = value;
      return writer;
    },
    u(value) {
      room(4);
      view.setUint32(at, value, true);
      at += 4;
      return writer;
    },
    n(value) {
      room(8);
      view.setFloat64(at, safe(() => Number(value)) ?? NaN, true);
      at += 8;
      return writer;
    },
    s(given) {
      const value = at > MOST5 ? "" : text(given).slice(0, MOST5);
      const length = value.length;
      room(4 + length * 3);
      const from = at + 4;
      let i = 0;
      for (let code; i < length && (code = value.charCodeAt(i)) < 128; i++) bytes[from + i] = code;
      if (i < length) i += encoder.encodeInto(value.slice(i), bytes.subarray(from + i)).written;
      view.setUint32(at, i, true);
      at = from + i;
      return writer;
    },
    a(map) {
      const head = at;
      let count2 = 0;
      writer.u(0);
      for (const key2 of keys(map)) {
        const value = safe(() => map[key2]);
        if (typeof value == "string") writer.s(key2).b(0).s(value);
        else if (typeof value == "number") writer.s(key2).b(1).n(value);
        else if (typeof value == "boolean") writer.s(key2).b(value ? 3 : 2);
        else continue;
        count2++;
      }
      view.setUint32(head, count2, true);
      return writer;
    },
    done: () => bytes.subarray(0, at),
    reset() {
      at = 0;
      return writer;
    }
  };
  return writer;
}

// src/core.ts
var EARLY_BYTES = 65536;
var NUMBER_BYTES = 32;
var KEEP = -2;
function createPort({ signal_: signal, deadline_: deadline2, tell_: tell2, quiet_: quiet }) {
  const writers = [];
  const encoder = new TextEncoder();
  let core;
  let closed = false;
  let ended = false;
  let busy = false;
  let hooked = 0;
  let waiting = [];
  let waitingBytes = 0;
  const memory2 = (pointer, length) => new Uint8Array(core.memory.buffer, pointer, length);
  let whole = new Uint8Array();
  const load3 = (bytes) => {
    const at = core.buffer(bytes.length);
    const { buffer } = core.memory;
    if (whole.buffer != buffer) whole = new Uint8Array(buffer);
    whole.set(bytes, at);
  };
  const written = (write) => {
    const writer = (writers.pop() || createWriter()).reset();
    write == null ? void 0 : write(writer);
    writers.push(writer);
    return writer.done();
  };
  const put = (op, now, write) => {
    if (ended) return;
    const wall = Date.now();
    const bytes = written(write);
    if (core && !busy) {
      give(op, now, wall, bytes, quiet.on_);
      return drain();
    }
    if (waitingBytes > EARLY_BYTES) return tell2(10 /* EarlyFull */);
    waitingBytes += bytes.length;
    waiting.push([op | hooked, now, wall, bytes.slice(), quiet.on_]);
  };
  function give(op, now, wall, bytes, silent) {
    const before = quiet.on_;
    busy = true;
    quiet.on_ = silent;
    try {
      load3(bytes);
      deadline2(core.put(op, now, wall, bytes.length));
    } catch (error) {
      close();
      tell2(6 /* CoreLost */, error);
    }
    quiet.on_ = before;
    busy = false;
  }
  function drain() {
    while (core && !busy && waiting.length) {
      const next = waiting.shift();
      waitingBytes -= next[3].length;
      give(...next);
    }
    if (ended && core && !busy) close();
  }
  function close() {
    closed = ended = true;
    core = void 0;
    waiting = [];
  }
  return {
    host_: {
      emit(number2, pointer, length) {
        hooked = number2 == 5 /* Hook */ ? 256 /* Hooked */ : 0;
        const answer = signal(number2, memory2(pointer, length).slice());
        hooked = 0;
        if (!answer || typeof answer == "number") return answer ?? KEEP;
        load3(answer);
        return answer.length;
      },
      number: (value, pointer) => encoder.encodeInto("" + value, memory2(pointer, NUMBER_BYTES)).written
    },
    put,
    open_(exports, start2) {
      if (closed) return;
      const bytes = written(start2);
      core = exports;
      give(1 /* Start */, performance.now(), Date.now(), bytes, false);
      drain();
    },
    close_(keep) {
      ended = true;
      keep ? drain() : close();
    }
  };
}

// src/early.ts
function pickUp(sdk, client) {
  const { q, e } = window.Farol || {};
  if (!Array.isArray(q) || q.taken) return;
  q.taken = client;
  sdk.stops_.push(() => q.taken = void 0);
  const call = sdk.guard_((entry) => {
    var _a;
    const [method, ...args] = Array.from(entry || []);
    sdk.at_ = entry == null ? void 0 : entry.t;
    try {
      (_a = client[method]) == null ? void 0 : _a.apply(client, args);
    } finally {
      sdk.at_ = void 0;
    }
  });
  const happened = sdk.guard_((event) => {
    var _a;
    sdk.at_ = event.timeStamp;
    if (event.target != window) sdk.early_.push(event);
    else if (((_a = sdk.options_.capture) == null ? void 0 : _a.errors) !== false) {
      event.type == "error" ? sdk.capture_(event.error, "onerror", 0, event) : sdk.capture_(event.reason, "onunhandledrejection", 0);
    }
  });
  const time = (one) => (one == null ? void 0 : one.timeStamp) ?? (one == null ? void 0 : one.t) ?? 0;
  for (const one of [...(e == null ? void 0 : e.splice(0)) || [], ...q.splice(0)].sort((one2, other) => time(one2) - time(other))) {
    (one == null ? void 0 : one.type) ? happened(one) : call(one);
  }
  sdk.at_ = void 0;
  if (e) e.push = () => 0;
  q.push = (...calls) => {
    calls.forEach(call);
    return 0;
  };
}

// src/guard.ts
var TIMED = 16;
function createGuard(tell2, spend) {
  let calls = 0;
  let inside = 0;
  return (fn) => function() {
    var _a;
    let start2 = NaN;
    let result;
    try {
      if (!inside++ && !(++calls % TIMED)) start2 = performance.now();
      const root = (_a = globalThis.Zone) == null ? void 0 : _a.root;
      result = (root == null ? void 0 : root.run) ? root.run(fn, this, arguments) : fn.apply(this, arguments);
      if (start2 >= 0) spend(TIMED * (performance.now() - start2));
    } catch (error) {
      tell2(0, error);
    }
    inside--;
    return result;
  };
}

// src/ids.ts
var POOL = 256;
function createHex() {
  const pool = new Uint8Array(POOL);
  let text3 = "";
  return (words2) => {
    const length = words2 * 8;
    if (text3.length < length) {
      try {
        crypto.getRandomValues(pool);
      } catch {
        for (let i = 0; i < POOL; i++) pool[i] = Math.random() * 256;
      }
      text3 = pool.toHex ? pool.toHex() : Array.from(pool, (byte) => (byte + 256).toString(16).slice(1)).join("");
    }
    const id = text3.slice(0, length);
    text3 = text3.slice(length);
    return id;
  };
}
function isSampled(id, rate) {
  let h = 2166136261;
  for (let i = 0; i < id.length; i++) h = Math.imul(h ^ id.charCodeAt(i), 16777619);
  h = Math.imul(h ^ h >>> 16, 2246822507);
  h = Math.imul(h ^ h >>> 13, 3266489909);
  return (h ^ h >>> 16) >>> 0 < rate * 4294967296;
}

// src/load-app.ts
function load2(host, given, done) {
  let core;
  try {
    core = given.instantiate(host);
  } catch {
  }
  done(core);
}

// src/observe/errors.ts
var MOST6 = 20;
var WINDOW = 1e3;
var MOST_OF_ALL = 100;
var ONLY_COUNTED = "errors_only_counted";
var FILE = /[\w-]{2,30}:\/\/[^\s()]{1,500}?(?=:\d+:\d+)/g;
var LEFT = {
  _debugIds: (id) => [id],
  _sentryDebugIds: (id) => [id],
  DD_SOURCE_CODE_CONTEXT: ({ service, version }) => [, service, version]
};
var PLACE = /[^\s@(]+:\d+:\d+\)?/g;
function foreign(stack) {
  safe(() => {
    for (const layer of Object.values(page().layers)) {
      layer.place ??= safe(() => layer.make(() => Error().stack, []).call({}).match(PLACE)[1]) || "\n";
      stack = stack.split("\n").filter((line) => !line.endsWith(layer.place)).join("\n");
    }
  });
  return stack;
}
function bundles(stack) {
  var _a;
  const found = {};
  for (const name of Object.keys(LEFT)) {
    const map = globalThis[name];
    for (const key2 of keys(map)) {
      const file = (_a = key2.match(FILE)) == null ? void 0 : _a.pop();
      if (file && stack.includes(file)) Object.assign(found[file] ||= [], LEFT[name](map[key2]));
    }
  }
  return Object.entries(found);
}
function createErrors(sdk) {
  let since = 0;
  let all = 0;
  let count2 = 0;
  let last = "";
  let object;
  let by = "";
  return (thrown, mechanism, flags, event, attributes) => {
    var _a;
    if (!sdk.live_()) return;
    if (Object(thrown) === thrown) {
      if (object === thrown && by != mechanism) return;
      object = thrown;
      by = mechanism;
    }
    const { message: told, filename, lineno, colno } = event || {};
    const key2 = "" + [told || describe(thrown, "name message  type"), filename, lineno, colno];
    if (thrown == null && page().worker == key2) return;
    if (!(flags & 1)) (_a = sdk.thrown_) == null ? void 0 : _a.call(sdk);
    const now = performance.now();
    if (now - since > WINDOW) {
      since = now;
      all = count2 = 0;
    }
    if (sdk.capped_ || all >= MOST_OF_ALL) return sdk.count_(ONLY_COUNTED);
    if (key2 != last) {
      last = key2;
      count2 = 0;
    }
    if (++count2 > MOST6) return sdk.put_(19 /* Suppressed */, (w) => w.u(1));
    all++;
    const [type, message, stack] = thrown == null && told ? ["Error", told.replace(/^Uncaught /, ""), ""] : describe(thrown);
    const chain = causes(thrown);
    const left = safe(() => bundles(stack)) || [];
    sdk.put_(5 /* Exception */, (w) => {
      w.b(flags).s(mechanism).s(type).s(message).s(foreign(stack)).s(filename).n(lineno || NaN).n(colno || NaN).u(chain.length);
      for (const cause of chain) cause.forEach((text3) => w.s(foreign(text3)));
      sdk.place_(w.a(attributes)).u(left.length);
      for (const [file, [id, module, release]] of left) w.s(file).s(id).s(module).s(release);
    });
  };
}
function observeErrors(sdk) {
  const { capture_: capture } = sdk;
  sdk.on_(window, "error", (event) => event.target == window && capture(event.error, "onerror", 0, event));
  sdk.on_(window, "unhandledrejection", (event) => capture(event.reason, "onunhandledrejection", 0));
}

// src/observe/fetch.ts
function wrap3(native, subs) {
  return { fetch() {
    let args = arguments;
    const ends = [];
    const tell2 = (response, error) => ends.forEach((end) => end(response, error, args != given && args));
    const given = args;
    const fail = (error) => {
      tell2(void 0, error);
      throw error;
    };
    for (const sub of subs) {
      const seen = sub(args);
      if (seen) {
        args = seen[0];
        ends.push(seen[1]);
      }
    }
    let result;
    try {
      result = native.apply(this, args);
    } catch (error) {
      return fail(error);
    }
    return ends.length && (result == null ? void 0 : result.then) ? bring(result, result.then((response) => {
      tell2(response);
      return response;
    }, fail)) : result;
  } }.fetch;
}
var isRequest = (input) => !!(input == null ? void 0 : input.headers);
function withHeader(args, name, value, traced) {
  const [input, init] = args;
  let given = init == null ? void 0 : init.headers;
  if (given === void 0 && isRequest(input)) {
    if ((init == null ? void 0 : init.body) == null) {
      if (joined(traced, input.headers.get(name))) return args;
      const copy = new Request(input);
      copy.headers.set(name, value);
      return [copy, init];
    }
    given = input.headers;
  }
  let plain2 = { [name]: value };
  if (given !== void 0) {
    const headers = new Headers(given);
    if (joined(traced, headers.get(name))) return args;
    headers.set(name, value);
    plain2 = Symbol.iterator in given ? headers : { ...given, ...plain2 };
  }
  const own2 = { __proto__: init, ...init, headers: plain2 };
  return [input, init == null || init.constructor == Object ? own2 : new Proxy(own2, {
    get: (_, key2) => key2 == "headers" ? plain2 : Reflect.get(init, key2)
  })];
}
var FARO = "x-faro-session-id";
function observeFetch(sdk) {
  sdk.stops_.push(patch("fetch", window, "fetch", sdk.guard_(((args) => {
    if (!args.length) return;
    const [input, init] = args;
    const request = isRequest(input) ? input : void 0;
    const given = (init == null ? void 0 : init.headers) || (request == null ? void 0 : request.headers);
    if (given && safe(() => given.get ? given.get(FARO) : given[FARO])) return;
    const traced = begin(sdk, 0, (init == null ? void 0 : init.method) || (request == null ? void 0 : request.method) || "GET", request ? request.url : "" + input);
    return traced && [
      // A failure in there is the page's to meet: the arguments go on as they came.
      safe(() => {
        const first = traced.header_ ? withHeader(args, HEADER2, traced.header_, traced) : args;
        return traced.baggage_ ? withHeader(first, BAGGAGE, traced.baggage_) : first;
      }) || args,
      sdk.guard_((response, error, sent) => {
        var _a;
        if (sent && traced.header_) safe(() => withHeader(sent, HEADER2, "", traced));
        let name = safe(() => error.name) || "Error";
        if (name != "TimeoutError" && safe(() => ((init == null ? void 0 : init.signal) || request.signal).aborted)) name = "AbortError";
        finish(sdk, traced, response ? response.status : 0, response ? "" : name, response && ((_a = sdk.answered_) == null ? void 0 : _a.call(sdk, response)));
      })
    ];
  })), wrap3));
}

// src/observe/visit.ts
var ACTIVITY_EVERY = 1e3;
function observeVisit(sdk) {
  const hidden = () => +(document.visibilityState == "hidden");
  const told = (what) => ({ timeStamp }) => {
    const tell2 = () => sdk.put_(9 /* Visibility */, (w) => w.b(what).n(timeStamp));
    what % 3 ? sdk.hide_(what > 1, tell2) : tell2();
  };
  const leaves = (event) => {
    sdk.hiding_ = 1;
    for (const call of sdk.hides_) call(event);
    sdk.hiding_ = 0;
  };
  sdk.on_(window, "visibilitychange", (event) => hidden() && leaves(event), true);
  sdk.on_(window, "pagehide freeze", leaves, true);
  sdk.on_(window, "visibilitychange", (event) => told(hidden())(event));
  sdk.on_(window, "pagehide", told(2));
  sdk.on_(document, "freeze", told(2));
  sdk.on_(window, "pageshow", (event) => {
    if (event.persisted) told(3)(event);
  });
  let last = -ACTIVITY_EVERY;
  sdk.on_(window, "pointerdown keydown", (event) => {
    if (!event.isTrusted || event.timeStamp - last < ACTIVITY_EVERY) return;
    last = event.timeStamp;
    sdk.put_(10 /* Activity */);
  }, true);
}

// src/observe/selector.ts
var LONGEST4 = 99;
var ELEMENT = 1;
var DOCUMENT = 9;
function selector(node) {
  let text3 = "";
  try {
    for (; node && node.nodeType != DOCUMENT; node = node.parentNode) {
      const { id, classList } = node;
      const name = () => node.nodeType == ELEMENT ? node.nodeName.toLowerCase() : node.nodeName.toUpperCase().replace(/^#/, "");
      const part = id ? "#" + id : [name(), ...[...classList || []].sort()].join(".");
      if (text3.length + part.length > LONGEST4) return text3 || part.slice(0, LONGEST4);
      text3 = text3 ? part + ">" + text3 : part;
      if (id) break;
    }
  } catch {
  }
  return text3;
}
var caller = (invoker) => invoker == null ? void 0 : invoker.replace(/\[src=[^]*?(\](\.\w+)?)?$/, "[src$1");

// src/observe/vitals.ts
var SHORTEST_EVENT = 40;
var RESOURCES2 = 50;
function observeVitals(sdk) {
  var _a, _b, _c;
  const { put_: put, guard_: guard, on_: on, stops_: stops, later_: later, cancel_: cancel, hides_: hides } = sdk;
  const page2 = document;
  const resources2 = [];
  let shiftObserver;
  let eventObserver;
  let tidying = false;
  let navigation = 0;
  let interaction = NaN;
  let final = false;
  const nothing2 = () => send(4 /* Final */, (w) => w.n(NaN));
  let finish2 = nothing2;
  const hidden = () => !!sdk.hiding_ || page2.visibilityState == "hidden";
  const known2 = (type) => performance.getEntriesByType(type);
  const types = ((_a = self.PerformanceObserver) == null ? void 0 : _a.supportedEntryTypes) || [];
  const supported = (type) => types.includes(type);
  const soft = typeof ((_c = (_b = self.PerformanceSoftNavigation) == null ? void 0 : _b.prototype) == null ? void 0 : _c.getLargestInteractionContentfulPaint) == "function";
  const among = (type) => soft ? [type, "soft-navigation"] : [type];
  const isSoft = ({ entryType }) => entryType == "soft-navigation";
  const interactions = self.PerformanceEventTiming && "interactionId" in PerformanceEventTiming.prototype;
  function marks(w, names2) {
    const entry = known2("navigation")[0];
    for (const name of names2.split(" ")) w.n(entry && entry[name] || 0);
  }
  const state = () => [
    +(page2.readyState == "loading") | +!!page2.prerendering << 1 | +!!page2.wasDiscarded << 2 | +hidden() << 3,
    performance.interactionCount ?? NaN
  ];
  function send(what, write, [flags, interactions2] = state(), since2 = Infinity) {
    begin4();
    put(8 /* Vital */, (w) => {
      const entry = known2("navigation")[0];
      w.b(what).b(flags).b(entry && entry.responseStart < since2 ? entry.type.charCodeAt(0) : 0);
      marks(w, "responseStart activationStart domInteractive domContentLoadedEventStart domComplete");
      w.n(interactions2);
      write == null ? void 0 : write(w);
    });
  }
  function list(w, entries, each2) {
    w.u(entries.length);
    entries.forEach(each2);
  }
  function soon(run) {
    if (hidden()) return run();
    const go = idly(guard(() => {
      hides.delete(go);
      run();
    }), later);
    hides.add(go);
  }
  const inOrder = (entries) => entries.sort((a, b) => a.startTime + a.duration - (b.startTime + b.duration));
  function observe2(names2, run, more) {
    names2 = names2.filter(supported);
    if (!names2[0]) return;
    const observer = new PerformanceObserver(guard((batch) => {
      queueMicrotask(guard(() => {
        const entries = batch.getEntries();
        run(names2[1] ? inOrder(entries) : entries);
      }));
    }));
    stops.push(() => observer.disconnect());
    for (const type of names2) observer.observe({ type, buffered: true, ...more });
    return observer;
  }
  function tidy() {
    if (tidying) return 0;
    if (hidden()) return 1;
    tidying = true;
    soon(() => {
      tidying = false;
      send(8 /* Tidy */);
    });
    return 0;
  }
  function shifts(entries = (shiftObserver == null ? void 0 : shiftObserver.takeRecords()) || []) {
    if (entries[0]) send(5 /* Shifts */, (w) => list(w, entries, (entry) => {
      const { hadRecentInput, startTime, value, sources = [] } = entry;
      const source = sources.find(({ node }) => (node == null ? void 0 : node.nodeType) == 1) || sources[0];
      w.b(+!!hadRecentInput | +!!source << 1 | +isSoft(entry) << 2).n(startTime).n(value ?? entry.duration).s(hadRecentInput ? "" : selector(source == null ? void 0 : source.node));
    }));
  }
  function events(entries) {
    if (entries[0]) soon(() => {
      const now = tidy();
      send(6 /* Events */, (w) => list(w.b(now), entries, (entry) => {
        var _a2;
        const id = entry.interactionId || 0;
        w.s(isSoft(entry) ? "" : entry.name).n(entry.startTime).n(entry.duration).n(id).n(entry.processingStart).n(entry.processingEnd).s(id ? selector(entry.target) || ((_a2 = caller(entry.targetSelector)) == null ? void 0 : _a2.slice(0, LONGEST4)) : "");
      }));
    });
  }
  function frames2(entries) {
    for (const frame of entries) {
      const now = tidy();
      send(7 /* Frame */, (w) => list(
        w.b(now).n(frame.startTime).n(frame.duration).n(frame.styleAndLayoutStart),
        frame.scripts,
        (script) => w.n(script.startTime).n(script.duration).n(script.forcedStyleAndLayoutDuration).n(script.sourceCharPosition).s(script.invokerType).s(caller(script.invoker)).s(script.sourceURL).s(script.sourceFunctionName)
      ));
    }
  }
  function largest(what, { url, startTime }, target, at, since2) {
    const find2 = (entries) => entries.filter((entry) => entry.name == url && (entry.requestStart || entry.startTime) <= startTime).pop();
    const found = url ? find2(resources2) || find2(known2("resource")) : void 0;
    send(what, (w) => w.n(at).n(since2).n(found ? found.requestStart || found.startTime : NaN).n(found ? found.responseEnd : 0).s(target).s(url).s(found == null ? void 0 : found.initiatorType).s(found == null ? void 0 : found.deliveryType));
  }
  function softly(which, entries) {
    for (const { startTime, duration, presentationTime, paintTime } of entries) {
      send(15 /* Soft */, (w) => w.b(which).n(startTime).n(duration).n(presentationTime || paintTime || 0));
    }
  }
  const observeSoft = (which) => soft && observe2(["soft-navigation"], (entries) => softly(which, entries));
  function paintedLargest(entry) {
    var _a2;
    if (isSoft(entry)) {
      if (!final) finish2();
      navigation++;
      final = false;
      finish2 = nothing2;
      interaction = entry.interactionId;
      softly(2 /* Lcp */, [entry]);
      const first = (_a2 = entry.getLargestInteractionContentfulPaint) == null ? void 0 : _a2.call(entry);
      if (first) paintedLargest(first);
      return;
    }
    const after = entry.entryType == "interaction-contentful-paint";
    if (after && entry.interactionId != interaction) return;
    const painted = after ? entry.largestContentfulPaint || {} : entry;
    const target = selector(painted.element) || painted.id && "#" + painted.id;
    const tell2 = (what) => largest(what, painted, target, after ? painted.renderTime || 0 : entry.startTime, after ? entry.startTime : NaN);
    tell2(3 /* Largest */);
    finish2 = () => tell2(4 /* Final */);
  }
  function activate() {
    const paint = observe2(["paint"], (entries) => {
      for (const { name, startTime } of entries) if (name == "first-contentful-paint") {
        paint.disconnect();
        const before2 = (shiftObserver == null ? void 0 : shiftObserver.takeRecords()) || [];
        const late = before2.some(isSoft);
        if (!late) shifts(before2);
        send(2 /* Paint */, (w) => w.n(startTime));
        if (late) shifts(inOrder(before2));
      }
    });
    observeSoft(0 /* Fcp */);
    const names2 = ["largest-contentful-paint"];
    if (soft) names2.push("interaction-contentful-paint", "soft-navigation");
    let observer = observe2(names2, (entries) => (soft ? entries : entries.slice(-1)).forEach(paintedLargest));
    const end = guard(({ isTrusted }) => {
      const then = navigation;
      if (isTrusted && observer && !final) soon(() => {
        if (!observer || final) return;
        if (!soft) {
          observer.disconnect();
          observer = void 0;
        }
        if (then == navigation) {
          final = true;
          finish2();
        }
      });
    });
    hides.add(end);
    on(window, "keydown click visibilitychange", end, true);
    shiftObserver = observe2(among("layout-shift"), shifts);
    if (interactions) {
      if (!("interactionCount" in performance)) observe2(["event"], (entries) => {
        const counted = entries.filter((entry) => entry.interactionId);
        if (counted[0]) send(9 /* Count */, (w) => list(w, counted, (entry) => w.n(entry.interactionId)));
      }, { durationThreshold: 0 });
      observe2(["long-animation-frame"], frames2);
      eventObserver = observe2(["event", ...among("first-input")], events, { durationThreshold: SHORTEST_EVENT });
    }
  }
  function loaded() {
    if (page2.prerendering) on(window, "prerenderingchange", loaded, true);
    else if (page2.readyState != "complete") on(window, "load", loaded, true);
    else {
      const timer = later(guard(() => {
        send(14 /* Loaded */, (w) => marks(w, "workerStart fetchStart domainLookupStart connectStart connectEnd"));
        observeSoft(1 /* Ttfb */);
      }));
      stops.push(() => cancel(timer));
    }
  }
  const before = state();
  const since = performance.now();
  const earlier = known2("visibility-state").filter((entry) => entry.name == "hidden");
  let begin4 = () => {
    begin4 = () => {
    };
    send(0 /* Start */, (w) => list(
      w.b(+supported("paint") | +supported("largest-contentful-paint") << 1 | +supported("layout-shift") << 2),
      earlier,
      (entry) => w.n(entry.startTime)
    ), before, since);
  };
  if (page2.prerendering) begin4();
  hides.add(guard(({ timeStamp, isTrusted }) => {
    if (!isTrusted) return;
    shifts();
    events((eventObserver == null ? void 0 : eventObserver.takeRecords()) || []);
    send(10 /* Hidden */, (w) => w.n(timeStamp));
  }));
  on(window, "pageshow", ({ persisted, timeStamp }) => {
    if (!persisted) return;
    const at = (w) => w.n(timeStamp);
    navigation++;
    final = false;
    finish2 = nothing2;
    put(10 /* Activity */);
    send(11 /* Restored */, at);
    later(guard(() => send(12 /* Settled */)));
    requestAnimationFrame(guard(() => requestAnimationFrame(guard(() => {
      shifts();
      send(13 /* Repainted */, at);
      final = true;
    }))));
  }, true);
  observe2(["resource"], (entries) => {
    resources2.push(...entries);
    resources2.splice(0, resources2.length - RESOURCES2);
  });
  if (page2.prerendering) on(window, "prerenderingchange", () => {
    send(1 /* Activated */);
    activate();
  }, true);
  else activate();
  loaded();
}

// src/observe/xhr.ts
var wrap4 = (what) => (native, subs) => ({ f() {
  const args = arguments;
  const tell2 = (what2) => subs.forEach((sub) => sub(what2, this, args));
  const shared = page();
  const { xhr } = shared;
  if (what == 1 /* Header */ && xhr == this && ("" + args[0]).toLowerCase() == HEADER2) return;
  if (what == 2 /* Send */) tell2(what);
  if (what == 0 /* Open */) tell2(4 /* Reopen */);
  let result;
  try {
    result = native.apply(this, args);
  } catch (error) {
    if (what == 2 /* Send */) tell2(3 /* Failed */);
    throw error;
  } finally {
    shared.xhr = xhr;
  }
  if (what != 2 /* Send */) tell2(what);
  return result;
} }).f;
function observeXhr(sdk) {
  const states = /* @__PURE__ */ new WeakMap();
  let opened = {};
  const end = (traced, xhr, error) => {
    var _a;
    if (traced) finish(sdk, traced, error ? 0 : xhr.status, error, error ? void 0 : (_a = sdk.answered_) == null ? void 0 : _a.call(sdk, xhr));
  };
  const settle = (xhr, state) => {
    if (xhr.status) end(state.traced_, xhr, "");
    else state.failed_ ||= state.traced_;
    state.traced_ = void 0;
  };
  const changed = sdk.guard_(({ target, type }) => {
    const xhr = target;
    const state = states.get(xhr);
    if (xhr.readyState > 3) settle(xhr, state);
    if (type != "readystatechange") {
      end(state.failed_, xhr, type);
      state.failed_ = void 0;
    }
  });
  const sub = sdk.guard_((what, xhr, [first, second]) => {
    var _a;
    const state = states.get(xhr);
    if (what == 4 /* Reopen */) {
      opened = {};
      if (state && xhr.readyState > 3) settle(xhr, state);
    } else if (what == 1 /* Header */) {
      const name = ("" + first).toLowerCase();
      if (name == HEADER2 || name == BAGGAGE) {
        for (const own2 of [opened, state == null ? void 0 : state.own_]) if (own2) own2[name] = "" + second;
      }
    } else if (what == 3 /* Failed */) {
      if (state && !state.again_) {
        end(state.traced_, xhr, "error");
        state.traced_ = void 0;
      }
    } else if (what == 0 /* Open */) {
      end(state == null ? void 0 : state.traced_, xhr, "abort");
      if (!state) for (const type of ["readystatechange", "load", "error", "abort", "timeout"]) xhr.addEventListener(type, changed);
      states.set(xhr, { method_: "" + first, url_: ((_a = resolve(sdk, "" + second)) == null ? void 0 : _a.href) || "", failed_: state == null ? void 0 : state.failed_, own_: opened });
    } else if (state && !(state.again_ = !!state.traced_)) {
      const traced = state.traced_ = begin(sdk, 1, state.method_, state.url_);
      if ((traced == null ? void 0 : traced.header_) && !joined(traced, state.own_[HEADER2])) {
        xhr.setRequestHeader(HEADER2, traced.header_);
        page().xhr = xhr;
      }
      if ((traced == null ? void 0 : traced.baggage_) && state.own_[BAGGAGE] == null) xhr.setRequestHeader(BAGGAGE, traced.baggage_);
    }
  });
  const proto = XMLHttpRequest.prototype;
  ["open", "setRequestHeader", "send"].forEach((name, what) => sdk.stops_.push(patch("xhr." + name, proto, name, sub, wrap4(what))));
}

// src/observe/all.ts
var OBSERVERS = {
  errors: observeErrors,
  vitals: observeVitals,
  fetch: observeFetch,
  xhr: observeXhr,
  navigation: observeNavigation,
  visit: observeVisit
};
function observeAll(sdk) {
  const wanted = sdk.options_.capture || {};
  for (const name of Object.keys(OBSERVERS)) {
    if (wanted[name] !== false) sdk.guard_(OBSERVERS[name])(sdk);
  }
}

// src/features.ts
var TRIES = 50;
var EARLY = 50;
var LEFT2 = ":left";
var CONFIG = ":config";
var HERE = ":here";
function createFeatures(sdk, bring2) {
  const { features: given, capture } = sdk.options_;
  const { later_: later } = sdk;
  let waiting = [];
  const run = () => {
    waiting = waiting.splice(0).filter((feature) => {
      if (sdk.over_ || !(sdk.leaves_() ? sdk.granted_() || !(feature == null ? void 0 : feature.agreed_) : feature == null ? void 0 : feature.left_)) return true;
      sdk.guard_(feature)(sdk);
    });
  };
  let tries = 0;
  const start2 = sdk.guard_((features2) => {
    waiting = (features2 == null ? void 0 : features2.slice()) || [];
    run();
    if (features2 || sdk.over_) return;
    asked = ++tries > TRIES;
    if (tries > 1) return;
    sdk.tell_(14 /* FeaturesLost */);
    sdk.on_(window, "online visibilitychange", () => document.visibilityState == "hidden" || more());
  });
  const wanted = () => !sdk.over_ && (sdk.leaves_() || sdk.granted_() && sdk.options_.outbox && safe(() => sdk.store_.getItem(sdk.name_ + LEFT2)));
  let asked = given && !given.length;
  let listening = asked || (capture == null ? void 0 : capture.loads) === false;
  const more = () => {
    if (!listening && sdk.live_()) {
      listening = true;
      sdk.on_(window, "error", (event) => {
        if (event.target != window && sdk.early_.length < EARLY) sdk.early_.push(event);
      }, true);
    }
    if (asked) return run();
    asked = wanted();
    if (!asked) return;
    given ? start2(given) : idly(() => {
      asked = wanted();
      if (!asked) return;
      try {
        bring2(start2, tries);
      } catch {
        start2();
      }
    }, later);
  };
  return more;
}

// src/meta.ts
var BROWSERS = "Edge=Edg=\\w*/;Opera=OPR/;Samsung Internet=SamsungBrowser/;Firefox=Firefox/;Firefox=FxiOS/;Chrome=Chrome/;Chrome=CriOS/;Safari=Version/";
var SYSTEMS = "Windows=Windows NT ;Android=Android ;iOS=iPhone=.*? OS ;iOS=iPad=.*? OS ;Chrome OS=CrOS =\\w+ ;Mac OS=Mac OS X ;Linux=Linux";
function find(list, text3) {
  for (const entry of list.split(";")) {
    const [name, token, more = ""] = entry.split("=");
    const match = text3.includes(token) && RegExp(token + more + "([\\d._]*)").exec(text3);
    if (match) return [name, match[1].replace(/_/g, ".")];
  }
  return ["", ""];
}
function writeMeta(w) {
  const { mobile, brands = [] } = navigator.userAgentData || {};
  const agent = navigator.userAgent;
  find(BROWSERS, agent).forEach(w.s);
  w.b(+(mobile ?? /Mobi/.test(agent))).s(agent).s(navigator.language).n(innerWidth).n(innerHeight).u(brands.length);
  for (const { brand, version } of brands) w.s(brand).s(version);
  find(SYSTEMS, agent).forEach(w.s);
}

// src/send/network.ts
var KEEPALIVE_BYTES = 65536;
var KEEPALIVE_FLIGHTS = 9;
var TIMEOUT = 3e4;
var TAKEN = -202;
var UNFIT = -413;
function createNetwork(nativeFetch, faro, sdk) {
  const shared = page();
  const Native = Promise;
  return (url, body, headers, room, wanted) => {
    const small = !faro && shared.flights < KEEPALIVE_FLIGHTS && safe(() => sdk.squeeze_(body, room - shared.bytes));
    if (small) {
      body = small;
      url += "&z=gzip";
    }
    const size = body.length;
    const hidden = size <= (room && KEEPALIVE_BYTES);
    const able = safe(() => "keepalive" in Request.prototype);
    const keepalive = able && hidden && shared.bytes + size <= room && shared.flights < KEEPALIVE_FLIGHTS;
    if (hidden && !keepalive) return !able && !faro && navigator.sendBeacon(url, new Blob([body], { type: "text/plain" })) ? TAKEN : UNFIT;
    const use = (sign) => {
      shared.bytes += sign * size;
      shared.flights += sign;
    };
    if (keepalive) use(1);
    const send = (body2, url2) => nativeFetch(url2, {
      method: "POST",
      body: body2,
      headers,
      keepalive,
      credentials: "omit",
      // Not the page's whole address, which nobody has scrubbed. Without any, some browsers send no origin either.
      referrerPolicy: "origin",
      signal: safe(() => AbortSignal.timeout(TIMEOUT))
    });
    const plain2 = () => send(size > KEEPALIVE_BYTES ? new Blob([body]) : body, url);
    const packed = !faro && !room && safe(() => sdk.pack_(body));
    if (packed) return packed.then((packed2) => wanted() && send(packed2, url + "&z=gzip"), () => wanted() && plain2());
    return new Native((resolve2) => resolve2(plain2())).finally(() => keepalive && use(-1));
  };
}

// src/send/retry.ts
var BASE = 1e3;
var MOST7 = 3e5;
var MOST_ASKED = 36e5;
function backoff(failures, random) {
  return BASE / 4 + random * Math.min(MOST7, BASE * 2 ** (failures - 1));
}
function retryAfter(value, now) {
  if (!value) return 0;
  const wait = +value >= 0 ? +value * 1e3 : Date.parse(value) - now;
  return wait > 0 ? Math.min(wait, MOST_ASKED) : 0;
}

// src/send/sender.ts
var MOST_BATCHES = 64;
var MOST_BYTES = 2 << 20;
var MOST_AGE = 47 * 36e5;
var IDEMPOTENCY = "idempotency-key";
var MOST_FLIGHTS = 3;
var LATE = 6e4;
var SPREAD = 2e3;
var LOCAL = /\/\/(localhost|127\.|\[::1)/;
var LEAVING = 1e3;
var SLACK = 2e3;
function createSender(sdk, nativeFetch) {
  const { options_: { protocol, key: key2, transport }, tell_: tell2, guard_: guard, later_: later, cancel_: cancel } = sdk;
  const faro = protocol == "faro";
  const network = createNetwork(nativeFetch, faro, sdk);
  const Native = Promise;
  let queue = [];
  let waiters = [];
  let open2 = false;
  let hiding = false;
  let going = 0;
  let flights = 0;
  let failures = 0;
  let unheard = false;
  let blocked = 0;
  let asked = false;
  let known2 = false;
  let plain2 = 0;
  let stopped = false;
  let outbox2;
  let draft;
  let timer;
  const remove = (batch) => {
    queue = queue.filter((other) => other != batch);
  };
  const keep = (batch, draft2, until = TIMEOUT) => {
    const wait = asked ? Math.max(0, blocked - performance.now()) : 0;
    if (sdk.granted_()) outbox2 == null ? void 0 : outbox2.put_(batch, wait && Date.now() + wait, Date.now() + wait + until, draft2);
  };
  const keepAll = () => {
    for (const batch of queue) keep(batch);
    if (draft) keep(draft);
  };
  const drop = (batch) => {
    outbox2 == null ? void 0 : outbox2.remove_(batch);
    remove(batch);
    tell2(4 /* BatchDropped */, void 0, batch.items_);
  };
  function post(batch, hidden) {
    const age = Date.now() - batch.sealed_;
    if (batch.tries_ && age > MOST_AGE) return drop(batch);
    const attempt = ++batch.tries_;
    if (attempt > 1) keep(batch);
    batch.kept_ = hidden;
    const headers = { "content-type": faro ? "application/json" : "text/plain" };
    let url = sdk.endpoint_;
    if (faro) {
      if (key2) headers["x-api-key"] = key2;
      headers["x-faro-session-id"] = batch.session_;
      if (known2 || !hidden && !failures && plain2 < 2) headers[IDEMPOTENCY] = batch.id_;
    } else {
      const sent = Math.round(Math.max(batch.offset_ + performance.now(), Date.now()));
      url += (/\?/.test(url) ? "&" : "?") + "id=" + batch.id_ + "&sent=" + sent + (attempt > 1 ? "&try=" + attempt : "");
      if (age > LATE) url += "&late=1";
    }
    batch.flights_++;
    flights++;
    const done = guard((answer) => {
      let status = safe(() => +((answer == null ? void 0 : answer.status) ?? answer)) || 0;
      if (status == 200 && !transport && !faro && answer.redirected) status = 0;
      batch.flights_--;
      flights--;
      if (status > 0 && headers[IDEMPOTENCY]) known2 = true;
      if (queue.includes(batch)) {
        const now = performance.now();
        const until = asked && blocked > now;
        if (status == TAKEN) batch.taken_ = now + TIMEOUT;
        else if (status < 200 || status == 408 || status == 425 || status == 429 || status >= 500) {
          const wait = retryAfter(safe(() => answer.headers.get("retry-after")), Date.now());
          unheard = !status;
          asked = until || wait > 0;
          blocked = Math.max(now + (wait || backoff(+(status == UNFIT) || ++failures, Math.random())), blocked);
          keep(batch, void 0, (asked ? 0 : blocked - now) + SLACK);
        } else {
          const parts = status == 413 && safe(() => {
            var _a;
            return (_a = sdk.split_) == null ? void 0 : _a.call(sdk, batch);
          });
          if (parts) for (const part of parts) add(part);
          else if (status > 299) tell2(5 /* BatchRefused */, status, batch.items_);
          if (!until) {
            if (failures && !known2) plain2++;
            failures = blocked = 0;
            asked = false;
          }
          stopped = status == 401 || status == 403;
          if (stopped) {
            queue = [];
            outbox2 == null ? void 0 : outbox2.hush_();
          } else {
            remove(batch);
            outbox2 == null ? void 0 : outbox2.remove_(batch);
          }
        }
      }
      pump();
    });
    const { body_: body } = batch;
    new Native((resolve2) => {
      const answer = transport ? transport({ url, body, headers, id: batch.id_, attempt, hidden }) : network(url, body, headers, +hidden && KEEPALIVE_BYTES / (!outbox2 || outbox2.off_ ? 1 : 2), () => sdk.granted_() && queue.includes(batch));
      if (answer !== UNFIT) {
        sdk.count_("requests");
        sdk.count_("bytes", body.length);
        if (attempt > 1) sdk.count_("retries");
      }
      resolve2(answer);
    }).then(done, () => done());
  }
  const offline = () => failures && unheard && navigator.onLine === false && !sdk.over_ && !LOCAL.test(sdk.endpoint_);
  const pump = guard(() => {
    const shut = stopped || !sdk.granted_();
    const away = performance.now() < going;
    let next = Infinity;
    if (!shut && !offline()) {
      for (const batch of queue) {
        const wait = Math.max(batch.taken_ || 0, blocked) - performance.now();
        if (wait > 0) next = Math.min(wait, next);
        else if ((away || flights < (failures ? 1 : MOST_FLIGHTS)) && !batch.flights_) post(batch, !batch.tries_ && (away || document.visibilityState == "hidden"));
      }
      if (!queue.length) outbox2 == null ? void 0 : outbox2.room_();
    }
    cancel(timer);
    if (next < Infinity) timer = later(pump, next);
    if (open2 && (shut || !flights)) {
      waiters.forEach((call) => call());
      waiters = [];
    }
  });
  function add(batch) {
    if (stopped) return;
    queue.push(batch);
    const own2 = (draft == null ? void 0 : draft.id_) == batch.id_ ? draft : void 0;
    if (own2) draft = void 0;
    if (own2 && (own2.spent_ || Date.now() > own2.sealed_ + TIMEOUT - SLACK)) batch.id_ += "r";
    keep(batch, own2);
    while (queue.length > MOST_BATCHES || queue.reduce((sum, { body_: body }) => sum + body.length, 0) > MOST_BYTES) {
      const stored = queue.find((one) => one.stored_ && !one.flights_);
      const victim = stored || queue.find(({ error_: error }) => !error) || queue[0];
      if (!stored) drop(victim);
      else {
        outbox2.put_(victim, 0, 0);
        remove(victim);
      }
    }
  }
  sdk.on_(window, "online", () => {
    if (!asked && failures) blocked = performance.now() + Math.random() * SPREAD;
    pump();
  });
  return {
    undraft_() {
      if (draft) outbox2 == null ? void 0 : outbox2.remove_(draft);
      draft = void 0;
    },
    add_(batch) {
      if (!batch.draft_) {
        add(batch);
        if (!hiding) pump();
      } else if (!stopped) {
        keep(batch, draft);
        draft = batch;
      }
    },
    hidden_(leaving, seal) {
      hiding = true;
      seal();
      hiding = false;
      const now = performance.now();
      if (leaving) {
        going = now + LEAVING;
        if (!asked) blocked = 0;
      }
      if (stopped || !sdk.granted_() || offline() || asked && blocked > now) return;
      queue.sort((one, other) => +!!other.error_ - +!!one.error_);
      for (const batch of queue) if (!(batch.taken_ > now) && (!batch.flights_ || leaving && !batch.kept_ && !faro)) post(batch, true);
    },
    settled_(callback) {
      waiters.push(callback);
      if (!asked) blocked = 0;
      pump();
    },
    gate_(denied) {
      if (denied) {
        queue = [];
        draft = void 0;
        outbox2 == null ? void 0 : outbox2.erase_();
      } else {
        keepAll();
        outbox2 == null ? void 0 : outbox2.look_();
      }
      pump();
    },
    join_(joined2) {
      outbox2 = joined2;
      stopped ? joined2.hush_() : keepAll();
    },
    adopt_(batches) {
      if (stopped || !sdk.granted_()) return;
      for (const batch of batches) if (!queue.some(({ id_: id }) => id == batch.id_)) queue.push(batch);
      pump();
    },
    open_() {
      open2 = true;
      pump();
    }
  };
}

// src/idle.ts
var nothing = () => {
};
var none = () => "";
var SPAN = { traceId: "", spanId: "", setAttributes: nothing, setError: nothing, run: (fn) => typeof fn == "function" ? fn() : fn, traceparent: none, end: nothing };
function idle() {
  const soon = async () => {
  };
  return {
    event: nothing,
    log: nothing,
    measure: nothing,
    captureError: nothing,
    setUser: nothing,
    setView: nothing,
    setAttributes: nothing,
    setSessionAttributes: nothing,
    setConsent: nothing,
    endSession: nothing,
    sessionId: none,
    sampled: () => false,
    onSessionChange: () => nothing,
    traceparent: none,
    flush: soon,
    shutdown: soon,
    startSpan: () => SPAN,
    withSpan: (_, fn) => SPAN.run(typeof fn == "function" ? () => fn(SPAN) : fn)
  };
}

// src/spans.ts
var INTERNAL2 = 1;
var ERROR = 2;
var startSpan = (sdk, name, options) => sdk.guard_(begin2)(sdk, name, options) || SPAN;
function begin2(sdk, name, options) {
  const { parent: given, startTime, attributes: first } = own(options);
  const parent2 = given === void 0 ? sdk.ambient_() : given && given.traceId ? { trace_: text(given.traceId), span_: text(given.spanId) } : null;
  const place = sdk.child_(parent2);
  const start2 = startTime ?? performance.now();
  const attributes = own(first);
  let status = 0;
  let reason = "";
  let ended = false;
  const span = {
    traceId: place.trace_,
    spanId: place.span_,
    setAttributes(more) {
      own(more, attributes);
    },
    setError(message) {
      status = ERROR;
      reason = message || "";
    },
    run(fn) {
      const before = sdk.current_;
      sdk.current_ = place;
      try {
        return typeof fn == "function" ? fn() : fn;
      } finally {
        sdk.current_ = before;
      }
    },
    traceparent: () => sdk.header_(place),
    end: sdk.guard_((end) => {
      if (ended) return;
      ended = true;
      sdk.put_(6 /* Span */, (w) => w.s(place.trace_).s(place.span_).s(parent2 == null ? void 0 : parent2.span_).s(name).b(INTERNAL2).n(start2).n(end ?? performance.now()).b(status).s(reason).a(attributes));
    })
  };
  return span;
}
function withSpan(sdk, name, fn, options) {
  const span = startSpan(sdk, name, options);
  const fail = (error) => {
    sdk.guard_(() => span.setError(String((error == null ? void 0 : error.message) ?? error)))();
    span.end();
    throw error;
  };
  let result;
  try {
    result = span.run(typeof fn == "function" ? () => fn(span) : fn);
  } catch (error) {
    return fail(error);
  }
  const promise = safe(() => typeof (result == null ? void 0 : result.then) == "function" && result.then((value) => {
    span.end();
    return value;
  }, fail));
  if (!promise) {
    span.end();
    return result;
  }
  return bring(result, promise);
}

// src/start.ts
var CONSENTS = ["pending", "granted", "denied"];
var GRANTED = 1;
var DENIED = 2;
var NUMBERS = "sampleRate session.idleMs session.lifetimeMs batch.items batch.bytes batch.ageMs limits.logs limits.exceptions limits.measurements limits.events limits.spans sampling.ringMs sampling.ringBytes sampling.rates.log sampling.rates.exception sampling.rates.measurement sampling.rates.event sampling.rates.span".split(" ");
var names = (list) => safe(() => text(list).toLowerCase().replace(/[\s,]+/g, "\n"));
function writeNumbers(w, options) {
  for (const path2 of NUMBERS) w.n(number(safe(() => path2.split(".").reduce((at, key2) => at == null ? void 0 : at[key2], options))));
}
function writeUser(w, user) {
  const { id, username, email, fullName, hash, roles, attributes } = user || {};
  w.b(+!!user).s(id).s(username).s(email).s(fullName).s(hash).s(roles).a(attributes);
}
function writeStart(w, options, consent, hex, session, stored) {
  var _a, _b;
  const { app = {}, scrub = {} } = options;
  let flags = 0;
  [options.protocol == "faro", options.beforeSend, options.ignoreErrors, options.denyUrls, options.extensionErrors, document.visibilityState == "hidden", options.outbox, (_a = options.sampling) == null ? void 0 : _a.ring].forEach((set, bit) => flags |= +!!set << bit);
  w.b(flags);
  w.b(consent);
  for (let i = 0; i < 4; i++) w.u(parseInt(hex(1), 16));
  writeNumbers(w, options);
  w.s(names(scrub.allow)).s(names(scrub.deny)).s(session).s(stored).s(app.name).s(app.namespace).s(app.version).s(app.environment).s(app.release);
  w.s("").s(pageOf(options)).s(viewOf(options.routes) || options.view);
  writeUser(w, options.user);
  w.a((_b = options.session) == null ? void 0 : _b.attributes).a(options.attributes);
}

// src/client.ts
var CODES = "internal item-cut cap-reached hook-threw batch-dropped batch-refused core-lost unsupported pending-full bad-message early-full bad-option ignored hook-invalid features-lost outbox-off".split(" ");
var MOST_TOLD = 864e5;
var IDLE_MS = 9e5;
var LIFETIME_MS = 144e5;
var KINDS2 = "log exception measurement event span".split(" ");
var rank = (text3) => text3.slice(2, 15) + text3.slice(32);
function endpoint({ url, key: key2, protocol }) {
  const faro = protocol == "faro";
  if (faro ? /^[./]*[^./?#]/.test(url.replace(/^(\w+:)?\/\/[^/?#]*/, "")) : /\/collect\/[^/?#]/.test(url)) return url;
  return url.replace(/(\/collect)?\/*([?#].*)?$/, (_, there, rest = "") => "/collect" + (safe(() => key2 && !faro && "/" + encodeURIComponent(key2)) || "") + rest);
}
function createClient(given, bring2) {
  var _a, _b;
  const quiet = { on_: false };
  const tally = {};
  const count2 = (what, by = 1) => void (tally[what] = (tally[what] || 0) + by);
  const tell2 = (code, detail, items) => {
    var _a2;
    count2(CODES[code], items);
    if (code == 6 /* CoreLost */) none2();
    if (quiet.on_) return;
    quiet.on_ = true;
    try {
      (_a2 = given.onDiagnostic) == null ? void 0 : _a2.call(given, CODES[code], detail);
    } catch {
    }
    quiet.on_ = false;
  };
  const safely = createGuard(tell2, (spent) => count2("main_thread_ms", spent));
  const options = check(given, tell2);
  const wish = safe(() => navigator.globalPrivacyControl) && (options.privacyControl || "anonymous");
  const nameless = wish == "anonymous";
  const box = safe(() => {
    var _a2;
    return ((_a2 = options.session) == null ? void 0 : _a2.storage) === "visitor" ? localStorage : sessionStorage;
  });
  if (nameless) {
    options.user = void 0;
    options.session = { ...options.session, storage: "none" };
  }
  const later = setTimeout;
  const cancel = clearTimeout;
  const hex = createHex();
  const Native = Promise;
  const { parse: parse2, stringify: stringify2 } = JSON;
  const decoder = new TextDecoder();
  const name = "farol:1:" + text(options.key || ((_a = options.app) == null ? void 0 : _a.name));
  const store = ((_b = options.session) == null ? void 0 : _b.storage) === "none" ? void 0 : box;
  const erase = () => {
    for (const one of ["", CONFIG, LEFT2, HERE]) safe(() => box.removeItem(name + one));
    safe(() => indexedDB.deleteDatabase(name).onerror = (event) => event.preventDefault());
  };
  const callbacks = /* @__PURE__ */ new Set();
  let consent = CONSENTS.indexOf(options.consent);
  let agreed = 0;
  let session = "";
  const fresh = hex(2);
  let telling = false;
  let state = 0 /* Off */;
  let text3;
  let kept;
  let asked = options.consent;
  let lost;
  let away;
  let due = Infinity;
  let timer;
  let sender;
  if (consent < 0) {
    consent = options.consent === void 0 ? GRANTED : 0;
    if (!consent) tell2(11 /* BadOption */, "consent");
  }
  if (wish == "off") consent = DENIED;
  const refused = consent == DENIED;
  const heed = () => {
    var _a2;
    const told = consent == GRANTED && options.remoteConfig !== false && safe(() => parse2(store.getItem(name + CONFIG)));
    if (!told) return;
    const left = told.until - Date.now();
    if (!(left > 0 && left <= MOST_TOLD)) return;
    options.sampleRate = told.rate ?? options.sampleRate;
    if (told.off || told.rates) options.sampling = told.off ? void 0 : { ...options.sampling, rates: { ...(_a2 = options.sampling) == null ? void 0 : _a2.rates, ...told.rates } };
    return told;
  };
  heed();
  const put = (op, write, at = performance.now()) => port.put(op, at, write);
  const sdk = {
    options_: options,
    endpoint_: "",
    origin_: "",
    name_: name,
    store_: store,
    tally_: tally,
    count_: count2,
    tell_: tell2,
    later_: later,
    cancel_: cancel,
    stops_: [],
    hides_: /* @__PURE__ */ new Set(),
    early_: [],
    put_: put,
    guard_: safely,
    on_(target, types, listener, capture) {
      const guarded = safely(listener);
      for (const type of types.split(" ")) {
        target.addEventListener(type, guarded, capture);
        sdk.stops_.push(() => target.removeEventListener(type, guarded, capture));
      }
    },
    live_: (at) => state != 0 /* Off */ && consent != DENIED && !(at < agreed),
    leaves_: () => state > 1 /* Ring */ && consent != DENIED,
    granted_: () => consent == GRANTED,
    session_: () => session,
    header_({ trace_: trace, span_: span }) {
      const on = state == 2 /* On */;
      return sdk.granted_() && (on || options.unsampledHeader) ? "00-" + trace + "-" + span + (on ? "-01" : "-00") : "";
    },
    ambient_: () => {
      var _a2;
      return sdk.current_ || ((_a2 = sdk.acting_) == null ? void 0 : _a2.call(sdk));
    },
    child_: (parent2 = sdk.ambient_()) => ({ trace_: parent2 ? parent2.trace_ : hex(4), span_: hex(2) }),
    place_(w) {
      const here2 = sdk.ambient_();
      return w.s(here2 == null ? void 0 : here2.trace_).s(here2 == null ? void 0 : here2.span_).n(sdk.at_ ?? NaN);
    }
  };
  const keep = () => safe(() => {
    if (consent == GRANTED && text3 != null) text3 ? (store.setItem(name, text3), kept = 1) : store == null ? void 0 : store.removeItem(name);
  });
  const stored = () => consent == GRANTED && safe(() => store.getItem(name)) || "";
  const meet = (ours = "", stood) => {
    const theirs = safe(() => store.getItem(name));
    if (stood && theirs === null && asked) {
      client.setConsent("pending");
      lost = 1;
    }
    if (theirs) rank(theirs) < rank(ours) && theirs.slice(32) != session ? keep() : put(21 /* Stored */, (w) => w.s(theirs));
  };
  const decode = (bytes) => decoder.decode(bytes);
  const port = createPort({
    signal_(signal, bytes) {
      var _a2;
      const view = new DataView(bytes.buffer);
      if (signal == 1 /* Batch */) {
        const at = 4 + view.getUint32(0, true);
        const flags = bytes[at + 12];
        sender.add_({
          id_: decode(bytes.subarray(4, at)),
          offset_: view.getFloat64(at, true),
          error_: flags & 2,
          body_: bytes.subarray(at + 13),
          session_: session,
          tries_: 0,
          flights_: 0,
          sealed_: Date.now(),
          items_: view.getUint32(at + 8, true),
          draft_: flags & 4
        });
      } else if (signal == 2 /* Store */) {
        text3 = decode(bytes);
        safe(() => queueMicrotask(keep));
      } else if (signal == 3 /* Session */) {
        const before = session;
        if (!sdk.over_) state = bytes[0];
        session = decode(bytes.subarray(5));
        if (before != session) {
          sdk.capped_ = 0;
          if (state != 2 /* On */) sender == null ? void 0 : sender.undraft_();
          telling = true;
          for (const callback of [...callbacks]) safely(callback)(session);
          telling = false;
        }
        more();
      } else if (signal == 4 /* Diagnostic */) {
        const code = view.getUint32(0, true);
        const number2 = view.getFloat64(4, true);
        if (code == 2 /* CapReached */ && KINDS2[number2] == "exception") {
          sdk.capped_ = 1;
          count2(ONLY_COUNTED);
        }
        if (number2 < 0) count2(CODES[code]);
        else tell2(code, code == 11 /* BadOption */ ? NUMBERS[number2] : number2);
      } else if (signal == 7 /* Meta */) {
        const w = createWriter();
        safe(() => writeMeta(w));
        return w.done();
      } else if (signal == 6 /* Filter */) return +!!safe(() => matches(bytes[0] ? options.denyUrls : options.ignoreErrors, decode(bytes.subarray(1))));
      else if (signal == 5 /* Hook */) {
        try {
          const item = parse2(decode(bytes.subarray(1)));
          const { kind: otlp } = item;
          item.kind = KINDS2[bytes[0]];
          const answer = options.beforeSend(item);
          if (answer === null) return -1;
          if (answer !== void 0 && (kind(answer) != "object" || answer.then)) return new Uint8Array();
          const kept2 = { ...answer || item, kind: otlp };
          (_a2 = sdk.noted_) == null ? void 0 : _a2.call(sdk, bytes[0], kept2);
          if (options.protocol == "faro" && bytes[0] < 4) {
            for (const part of "attributes context".split(" ")) {
              if (part in kept2) {
                const flat = kept2[part] = own(kind(kept2[part]) == "object" ? parse2(stringify2(kept2[part])) : {});
                for (const name2 in flat) if (typeof flat[name2] != "string") flat[name2] = stringify2(flat[name2]);
              }
            }
          }
          return new TextEncoder().encode(stringify2(kept2));
        } catch {
          tell2(3 /* HookThrew */);
        }
      }
    },
    deadline_(at) {
      if (at >= due && at < Infinity) return;
      cancel(timer);
      due = at;
      if (at < Infinity) {
        timer = later(safely(() => {
          due = Infinity;
          put(0 /* Tick */);
        }), at - performance.now());
      }
    },
    tell_: tell2,
    quiet_: quiet
  });
  const none2 = (keep2) => {
    sdk.over_ = true;
    state = 0 /* Off */;
    options.unsampledHeader = false;
    port.close_(keep2);
    if (!keep2) sender == null ? void 0 : sender.open_();
  };
  const open2 = safely(() => load2(port.host_, options.core, safely((core) => {
    if (!core) {
      tell2(7 /* Unsupported */);
      return none2();
    }
    try {
      port.open_(core, (w) => writeStart(w, options, refused ? DENIED : consent, hex, fresh, stored()));
    } finally {
      sender.open_();
    }
  })));
  sdk.capture_ = createErrors(sdk);
  const more = createFeatures(sdk, bring2);
  const flush = (why) => new Native((resolve2) => {
    try {
      put(16 /* Flush */, (w) => w.b(why));
      sender.settled_(resolve2);
    } catch {
      resolve2();
    }
  });
  const client = {
    event(name2, attributes) {
      put(2 /* Event */, (w) => sdk.place_(w.s(name2).s("").a(attributes)));
    },
    log(message, more2) {
      const { level, attributes } = own(more2);
      put(3 /* Log */, (w) => sdk.place_(w.s(level || "info").s(message).a(attributes)));
    },
    measure(type, values, more2) {
      const { attributes } = own(more2);
      const all = own(values);
      const names2 = Object.keys(all);
      put(4 /* Measurement */, (w) => {
        w.s(type).u(names2.length);
        for (const key2 of names2) w.s(key2).n(typeof all[key2] == "number" ? all[key2] : NaN);
        sdk.place_(w.a(attributes));
      });
    },
    captureError(error, more2) {
      const { attributes, context, fatal, handled } = own(more2);
      sdk.capture_(error, "api", +(handled !== false) | (fatal ? 2 : 0), void 0, own(attributes, own(context)));
    },
    startSpan: (name2, more2) => startSpan(sdk, name2, more2),
    withSpan: (name2, fn, more2) => withSpan(sdk, name2, fn, more2),
    setUser(user) {
      if (!nameless) put(13 /* User */, (w) => writeUser(w, user));
    },
    setView(name2) {
      put(12 /* View */, (w) => w.s(name2).n(sdk.at_ ?? NaN));
    },
    setAttributes(attributes) {
      put(14 /* Attributes */, (w) => w.a(attributes));
    },
    setSessionAttributes(attributes) {
      put(17 /* Session */, (w) => w.a(attributes));
    },
    setConsent(next) {
      const number2 = CONSENTS.indexOf(next);
      if (number2 < 0) {
        tell2(11 /* BadOption */, "consent");
        return sdk.granted_() ? client.setConsent("pending") : void 0;
      }
      asked = 1;
      lost = 0;
      if (consent == DENIED) agreed = performance.now();
      else if (consent == number2) return;
      consent = number2;
      if (number2 == GRANTED) {
        const told = heed();
        if (told == null ? void 0 : told.off) return none2();
        if (told) put(23 /* Rates */, (w) => writeNumbers(w, options));
        meet();
      }
      more();
      put(15 /* Consent */, (w) => w.b(number2));
      sender == null ? void 0 : sender.gate_(number2 == DENIED);
      if (number2 == DENIED) erase();
    },
    endSession() {
      if (!telling) put(20 /* End */);
    },
    sessionId: () => session,
    sampled: () => state == 2 /* On */,
    onSessionChange(callback) {
      const one = (id) => callback(id);
      callbacks.add(one);
      return () => {
        callbacks.delete(one);
      };
    },
    traceparent() {
      const place = sdk.ambient_();
      if (place) return sdk.header_(place);
      const span = startSpan(sdk, "traceparent");
      const header = span.traceparent();
      if (header) span.end();
      return header;
    },
    flush: () => flush(0),
    shutdown() {
      for (const stop of sdk.stops_.splice(0)) safely(stop)();
      sdk.over_ = true;
      const done = flush(2);
      cancel(timer);
      none2(true);
      return done;
    }
  };
  for (const key2 of keys(client)) {
    if (key2 != "withSpan") client[key2] = safely(client[key2]);
  }
  safely(() => {
    var _a2, _b2, _c;
    if (typeof document == "undefined") return none2();
    sdk.endpoint_ = safe(() => {
      const { href, username, password } = new URL(endpoint(options), document.baseURI);
      return /^(https?:\/\/[^/]|[./])/i.test(options.url) && !username && !password && href;
    }) || "";
    if (!sdk.endpoint_) {
      tell2(11 /* BadOption */, "url");
      return none2();
    }
    const { origin } = location;
    sdk.origin_ = self.origin === "null" || origin == "null" ? self.origin : origin;
    const { idleMs = IDLE_MS, lifetimeMs = LIFETIME_MS } = options.session || {};
    const before = stored();
    const since = (at) => Date.now() - +before.slice(at, at + 13);
    session = safe(() => since(+before.slice(16, 29) ? 16 : 2) < idleMs && since(2) < lifetimeMs && before.slice(32)) || fresh;
    state = isSampled(session, options.sampleRate ?? 1) ? 2 /* On */ : options.sampling ? 1 /* Ring */ : 0 /* Off */;
    options.outbox = (options.outbox ?? (options.protocol != "faro" && !options.transport)) && safe(() => !options.features || options.features.some((one) => one == null ? void 0 : one.left_));
    if (consent == DENIED) erase();
    sdk.fetch_ = (_b2 = ((_a2 = page().layers.fetch) == null ? void 0 : _a2.root) || window.fetch) == null ? void 0 : _b2.bind(window);
    sdk.end_ = none2;
    sender = createSender(sdk, sdk.fetch_);
    sdk.sender_ = sender;
    const start2 = () => options.coreDelayMs ? later(open2, options.coreDelayMs) : open2();
    if (document.prerendering) document.addEventListener("prerenderingchange", start2);
    else start2();
    sdk.hide_ = sender.hidden_;
    sdk.on_(window, "storage pagehide pageshow visibilitychange freeze", ({ key: key2 = name, newValue: there, type, persisted }) => {
      const back = away && there === void 0 && (persisted || document.visibilityState != "hidden");
      away = type == "pagehide" || type == "freeze" || away && !back;
      if (key2 != name || !text3) return;
      if (lost && safe(() => store.getItem(name))) client.setConsent("granted");
      else if (sdk.granted_()) meet(text3, there === null || back && kept);
    }, true);
    (_c = options.join_) == null ? void 0 : _c.call(options, sdk);
    observeAll(sdk);
    more();
    pickUp(sdk, client);
  })();
  return client;
}

// src/init.ts
function start(options, bring2) {
  try {
    return createClient(options, bring2);
  } catch (error) {
    safe(() => options.onDiagnostic("unsupported", error));
    return idle();
  }
}

// src/more/action.ts
var QUIET = 200;
var BUSY = 50;
var DEAD = 1e3;
var LONGEST5 = 1e4;
var GESTURE = 100;
var begin3 = (what, now) => ({ what_: what, start_: now, last_: NaN, open_: 0, requests_: 0, failed_: 0, errors_: 0, frames_: 0 });
var joins = (action, now) => !!action && now - action.start_ < GESTURE;
function deadline(action) {
  const { start_: start2, last_: last, open_: open2 } = action;
  const most = start2 + LONGEST5;
  if (open2) return most;
  return last == last ? Math.min(last + QUIET, most) : start2 + DEAD;
}
var BURST = 1e3;
var NEAR = 30;
var RAGE = 3;
function click(burst, thing, x, y, now) {
  if (!burst || burst.thing_ != thing || Math.abs(burst.x_ - x) > NEAR || Math.abs(burst.y_ - y) > NEAR || now - burst.times_[burst.times_.length - 1] > BURST) {
    return { thing_: thing, x_: x, y_: y, times_: [now] };
  }
  burst.times_.push(now);
  if (!burst.rage_) while (now - burst.times_[0] > BURST) burst.times_.shift();
  burst.rage_ ||= burst.times_.length >= RAGE;
  return burst;
}

// src/more/actions.ts
var KEYS = /^(Enter|Escape)$/;
var USED = "input:not([type=button],[type=submit],[type=reset],[type=image]),textarea,select,option,video,audio,canvas,embed,object,iframe,[contenteditable]";
var BUTTONS = 'button,summary,[role=button],[role=tab],[role=menuitem],[role=switch],[onclick],input,a[href^="#"],a[href^="javascript:"]';
var SIGNS = "scroll focusin input change invalid toggle play pause copy cut select fullscreenchange blur";
var MOST8 = 1e3;
var INTERNAL3 = 1;
var ERROR2 = 2;
var path = (event) => safe(() => event.composedPath()) || [];
var trees = (root) => [root, ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot, contentDocument }) => {
  const inner = shadowRoot || contentDocument;
  return inner ? trees(inner) : [];
})];
function observeActions(sdk) {
  const { later_: later, cancel_: cancel } = sdk;
  const wantsActions = option(sdk, "actions", "boolean") !== false;
  const wantsFrustration = option(sdk, "frustration", "boolean") !== false;
  if (!wantsActions && !wantsFrustration) return;
  const texts = option(sdk, "elementText", "list");
  let current;
  let burst;
  let burstAbout = {};
  let timer;
  let due = Infinity;
  let count2 = 0;
  let known2 = /* @__PURE__ */ new Set([document]);
  const frustration = (type2, about, at, more) => {
    if (wantsFrustration) tell(sdk, "farol.frustration" /* Frustration */, { ["farol.frustration.type" /* FrustrationType */]: type2, ...about, ...more }, at);
  };
  const finish2 = (whole) => {
    const action = current;
    if (!action) return;
    current = void 0;
    mutations.disconnect();
    if (!leaving) removeEventListener("beforeunload", signs, true);
    const { start_: start2, last_: last, what_: what, about_: about, errors_: errors } = action;
    const moved = location.href != action.href_;
    if (wantsActions && count2++ < MOST8) {
      const { place_: place } = action;
      if (place) {
        sdk.put_(6 /* Span */, (w) => w.s(place.trace_).s(place.span_).s("").s(what + " " + about["farol.element.name" /* ElementName */]).b(INTERNAL3).n(start2).n(last == last ? last : start2).b(errors ? ERROR2 : 0).s("").a(about));
      }
      tell(sdk, "browser.user_action." /* UserAction */ + what, {
        ...about,
        ["farol.action.duration" /* ActionDuration */]: last == last ? last - start2 : 0,
        ["farol.action.requests" /* ActionRequests */]: action.requests_,
        ["farol.action.failed_requests" /* ActionFailed */]: action.failed_,
        ["farol.action.errors" /* ActionErrors */]: errors,
        ["farol.action.long_frames" /* ActionFrames */]: action.frames_
      }, start2, place && [place.trace_, place.span_]);
    }
    if (what != "click") return;
    if (errors) frustration("error_click", about, start2, { ["farol.action.errors" /* ActionErrors */]: errors });
    else if (whole && last != last && !moved && action.promise_()) {
      const all = safe(() => trees(document)) || [document];
      if (all.every((root) => known2.has(root))) frustration("dead_click", about, start2);
      known2 = new Set(all);
    }
  };
  const endBurst = () => {
    if (burst == null ? void 0 : burst.rage_) frustration("rage_click", burstAbout, burst.times_[0], { ["farol.count" /* Count */]: burst.times_.length });
    burst = void 0;
  };
  const look = () => {
    cancel(timer);
    timer = void 0;
    const now = performance.now();
    if (burst && now - burst.times_[burst.times_.length - 1] >= BURST) endBurst();
    if (current && deadline(current) <= now) finish2(true);
    const next = Math.min(current ? deadline(current) : Infinity, (burst == null ? void 0 : burst.rage_) ? burst.times_[burst.times_.length - 1] + BURST : Infinity);
    due = next;
    if (next < Infinity) timer = later(timed, Math.max(next - now, 1));
  };
  const timed = sdk.guard_(() => {
    const late = performance.now() - due > BUSY;
    due = Infinity;
    if (late) timer = later(timed, BUSY);
    else look();
  });
  const active = (at = performance.now()) => {
    if (!current) return;
    const { last_: last } = current;
    current.last_ = Math.max(last || 0, at);
    if (last != last) look();
  };
  const signs = sdk.guard_(() => active());
  const mutations = new MutationObserver(signs);
  sdk.on_(window, SIGNS, signs, true);
  const leaving = safe(() => {
    const { navigation, NavigateEvent } = window;
    if (!NavigateEvent) return false;
    sdk.on_(navigation, "navigate", ({ destination }) => destination.sameDocument || active());
    return true;
  });
  const open2 = (what, event, about, promise) => {
    const { timeStamp } = event;
    if (joins(current, timeStamp)) {
      if (what == "submit") current.what_ = what;
      current.event_ = event;
      return;
    }
    finish2();
    const all = { subtree: true, childList: true, attributes: true, characterData: true };
    for (const node of path(event)) if (node.nodeType == 11) known2.add(node);
    for (const root of known2) root.isConnected ? mutations.observe(root, all) : known2.delete(root);
    if (!leaving) addEventListener("beforeunload", signs, true);
    current = { ...begin3(what, timeStamp), event_: event, about_: about, href_: location.href, promise_: promise };
    look();
  };
  const on = (event) => {
    const { target, type: type2, isTrusted } = event;
    if (!isTrusted || !sdk.live_()) return;
    const hit = path(event)[0] || target;
    if (!isElement(hit)) return;
    const about = { ["farol.element.name" /* ElementName */]: nameOf(hit), ["browser.tag_name" /* Tag */]: thingOf(hit).localName, ["farol.element.text" /* ElementText */]: listedText(hit, texts) };
    if (type2 == "keydown") {
      const { key: key2, repeat } = event;
      if (repeat || !KEYS.test(key2) || ask(hit, "closest", "textarea,[contenteditable]")) return;
      return open2("keydown", event, { ...about, ["farol.action.key" /* ActionKey */]: key2 }, () => false);
    }
    if (type2 == "submit") return open2("submit", event, about, () => false);
    const { clientX, clientY, detail } = event;
    const used = !!ask(hit, "closest", USED);
    open2("click", event, about, () => !used && document.visibilityState == "visible" && (!!ask(hit, "closest", BUTTONS) || !!ask(hit, "closest", "a") && event.defaultPrevented));
    if (used || !detail || !safe(() => getSelection().isCollapsed)) return endBurst();
    const before = burst;
    const next = click(before, thingOf(hit), clientX, clientY, event.timeStamp);
    if (next != before) {
      endBurst();
      burst = next;
      burstAbout = about;
    } else if (next.rage_) look();
  };
  sdk.on_(window, "click keydown submit", on, true);
  sdk.on_(window, "pointerdown keydown", ({ isTrusted, timeStamp, repeat }) => {
    if (isTrusted && !repeat && !(current == null ? void 0 : current.open_) && !joins(current, timeStamp)) finish2();
  }, true);
  onEnd(sdk, () => {
    finish2();
    endBurst();
  });
  if (wantsActions) {
    sdk.acting_ = () => {
      if (current && count2 < MOST8 && window.event == current.event_) return current.place_ ||= sdk.child_(null);
    };
  }
  sdk.begun_ = () => {
    const action = current;
    if (!action) return;
    action.requests_++;
    action.open_++;
    active();
    return (failed) => {
      action.open_--;
      if (failed) action.failed_++;
      if (action == current) {
        active();
        look();
      }
    };
  };
  sdk.thrown_ = () => {
    const action = current;
    const { ignored } = sdk.tally_;
    queueMicrotask(() => {
      if (action && sdk.tally_["ignored"] == ignored) action.errors_++;
    });
  };
  const frames2 = safe(() => new PerformanceObserver(sdk.guard_((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      if (!current || startTime + duration < current.start_) continue;
      current.frames_++;
      active(startTime + duration);
    }
  })));
  const { supportedEntryTypes = [] } = PerformanceObserver;
  const type = ["long-animation-frame", "longtask"].find((name) => supportedEntryTypes.includes(name));
  if (type) frames2 == null ? void 0 : frames2.observe({ type });
  sdk.stops_.push(() => {
    frames2 == null ? void 0 : frames2.disconnect();
    sdk.begun_ = sdk.thrown_ = sdk.acting_ = void 0;
    cancel(timer);
  });
}

// src/more/clicks.ts
var OWN = /^(session_(start|resume|extend|end)|view_changed|browser\.navigation)$/;
function named(kind2, item) {
  if (kind2 == 0) return [3 /* Log */, text(item.message)];
  if (kind2 == 1) return [5 /* Error */, text(item.type) + ": " + text(item.value)];
  if (kind2 == 3) return OWN.test(item.name) ? void 0 : [4 /* Event */, text(item.name)];
  if (kind2 != 4) return;
  const of = (...names2) => names2.map((name) => item.attributes.find(({ key: key2 }) => key2 == name)).filter(Boolean).map((one) => Object.values(one.value)[0])[0];
  const method = of("http.request.method_original", "http.request.method");
  if (method) return [1 /* Fetch */, [method, of("url.full"), of("http.response.status_code", "error.type")].map(text).join(" ")];
}
function observeClicks(sdk) {
  sdk.noted_ = (kind2, item) => {
    const [what, told] = safe(() => named(kind2, item)) || [];
    if (told) sdk.put_(18 /* Trail */, (w) => w.b(what).s(told).n(NaN));
  };
  if (option(sdk, "clicks", "boolean") === false) return;
  sdk.on_(window, "click", ({ target, timeStamp }) => {
    const name = nameOf(target);
    if (name) sdk.put_(18 /* Trail */, (w) => w.b(2 /* Click */).s(name).n(timeStamp));
  }, true);
}

// src/more/config.ts
var HOLDS = 24 * 36e5;
var OFF_HOLDS = 3e5;
function read(document2, now) {
  const { version, enabled, sampleRate, rates } = document2 || {};
  if (version !== 1) return;
  const share = (value) => typeof value == "number" && value >= 0 && value <= 1;
  const off = enabled === false;
  const rate = off ? 0 : share(sampleRate) ? sampleRate : void 0;
  const kinds = Object.entries(rates || {}).filter(([, value]) => share(value));
  return { rate, rates: kinds.length ? Object.fromEntries(kinds) : void 0, off: off || void 0, until: now + (rate === 0 ? OFF_HOLDS : HOLDS) };
}
var observeConfig = /* @__PURE__ */ Object.assign((sdk) => {
  const { options_: { key: key2, protocol, transport, remoteConfig }, endpoint_: endpoint2 } = sdk;
  const url = endpoint2.replace(/\/collect(?=[/?#]|$)/, "/config");
  if (!key2 || protocol == "faro" || transport || remoteConfig === false || url == endpoint2) return;
  sdk.fetch_(url, { credentials: "omit", referrerPolicy: "origin", signal: safe(() => AbortSignal.timeout(TIMEOUT)) }).then((answer) => answer.ok ? answer.json() : void 0).then(sdk.guard_((document2) => {
    const told = read(document2, Date.now());
    if (!told || !sdk.granted_()) return;
    safe(() => sdk.store_.setItem(sdk.name_ + CONFIG, JSON.stringify(told)));
    if (document2.enabled === false) sdk.end_();
  }), () => {
  });
}, { agreed_: true });

// src/more/frames.ts
var LONG2 = 200;
var MOST9 = 50;
var plain = (text3 = "") => /:\/\/|^data:/.test(text3) ? void 0 : text3.slice(0, LONGEST4) || void 0;
var known = (number2) => number2 && number2 > 0 ? number2 : void 0;
function describeFrame({ entryType, startTime, duration, blockingDuration, renderStart, styleAndLayoutStart, scripts = [] }) {
  const end = startTime + duration;
  let longest;
  let all = 0;
  for (const script of scripts) {
    all += script.duration;
    if (!longest || script.duration > longest.duration) longest = script;
  }
  return {
    ["farol.frame.entry_type" /* FrameType */]: entryType,
    ["farol.frame.duration" /* FrameDuration */]: duration,
    ["farol.frame.blocking_duration" /* FrameBlocking */]: blockingDuration,
    ["farol.frame.render_duration" /* FrameRender */]: renderStart ? end - renderStart : void 0,
    ["farol.frame.style_duration" /* FrameStyle */]: styleAndLayoutStart ? end - styleAndLayoutStart : void 0,
    ["farol.frame.scripts" /* FrameScripts */]: scripts.length || void 0,
    ["farol.frame.script_duration" /* FrameScriptTime */]: known(all),
    ["farol.script.url" /* ScriptUrl */]: (longest == null ? void 0 : longest.sourceURL) || void 0,
    ["farol.script.function" /* ScriptFunction */]: (longest == null ? void 0 : longest.sourceFunctionName) || void 0,
    ["farol.script.position" /* ScriptPosition */]: known(longest == null ? void 0 : longest.sourceCharPosition),
    ["farol.script.invoker" /* ScriptInvoker */]: plain(caller(longest == null ? void 0 : longest.invoker)),
    ["farol.script.invoker_type" /* ScriptInvokerType */]: (longest == null ? void 0 : longest.invokerType) || void 0,
    ["farol.script.duration" /* ScriptDuration */]: longest == null ? void 0 : longest.duration,
    ["farol.script.forced_style_duration" /* ScriptForced */]: known(longest == null ? void 0 : longest.forcedStyleAndLayoutDuration)
  };
}
function observeFrames(sdk) {
  const wanted = option(sdk, "frames", "boolean number") ?? true;
  if (wanted === false) return;
  const long = typeof wanted == "number" ? wanted : LONG2;
  const { supportedEntryTypes = [] } = PerformanceObserver;
  const type = ["long-animation-frame", "longtask"].find((name) => supportedEntryTypes.includes(name));
  if (!type) return;
  const { see_: see, settle_: settle } = createCap(MOST9, (frame, count2) => tell(sdk, "farol.long_frame" /* LongFrame */, frame ? describeFrame(frame) : { ["farol.count" /* Count */]: count2 }, frame == null ? void 0 : frame.startTime));
  const take = (entries) => {
    for (const entry of entries) if (entry.duration >= long && sdk.live_(entry.startTime)) see("" + entry.startTime, entry);
  };
  const observer = new PerformanceObserver(sdk.guard_((list) => take(list.getEntries())));
  observer.observe({ type, buffered: true });
  onEnd(sdk, () => {
    take(safe(() => observer.takeRecords()) || []);
    settle();
  });
  sdk.stops_.push(() => observer.disconnect());
}

// src/more/here.ts
var observeHere = /* @__PURE__ */ Object.assign((sdk) => {
  const { store_: store, name_: name, options_: { session } } = sdk;
  if (!/^(tab|visitor|none|)$/.test(text(session == null ? void 0 : session.storage))) sdk.tell_(11 /* BadOption */, "session.storage");
  if (!store || (session == null ? void 0 : session.storage) === "visitor" || parent != window) return;
  const own2 = "" + performance.timeOrigin;
  const gone = () => safe(() => store.getItem(name + HERE) == own2 && store.removeItem(name + HERE));
  const say = (event) => {
    if ((event == null ? void 0 : event.type) == "pagehide" || document.visibilityState == "hidden") gone();
    else if (sdk.granted_()) safe(() => store.setItem(name + HERE, own2));
  };
  const there = safe(() => store.getItem(name + HERE));
  const [load3] = safe(() => performance.getEntriesByType("navigation")) || [];
  const ahead = document.prerendering || (load3 == null ? void 0 : load3.activationStart) > 0;
  if (there && there != own2 && !ahead && (load3 == null ? void 0 : load3.type) != "reload") sdk.put_(21 /* Stored */, (w) => w.s(""));
  sdk.on_(window, "visibilitychange pageshow pagehide focus", say, true);
  sdk.stops_.push(gone);
  say();
}, { agreed_: true });

// src/more/twice.ts
var TRACKED = 1e3;
function createTwice() {
  const balance = /* @__PURE__ */ new Map();
  return (key2, way) => {
    const now = (balance.get(key2) || 0) + way;
    if (!now) balance.delete(key2);
    else if (balance.size < TRACKED || balance.has(key2)) balance.set(key2, now);
    else return way > 0;
    return now * way > 0;
  };
}

// src/more/loads.ts
var MOST10 = 50;
var KINDS3 = { img: "image", image: "image", input: "image", script: "script", audio: "media", video: "media", source: "media", track: "media", link: "style", css: "image", iframe: "frame" };
var FONT = /\.(woff2?|[ot]tf|eot)([?#]|$)/i;
function kindOf(tag, rel, as) {
  if (tag != "link") return KINDS3[tag] || "other";
  if (/stylesheet/i.test(rel)) return "style";
  return /icon/i.test(rel) ? "image" : { script: "script", style: "style", image: "image", font: "font", audio: "media", video: "media" }[as] || "other";
}
var address = (value) => text((value == null ? void 0 : value.baseVal) ?? value);
function observeLoads(sdk) {
  if (option(sdk, "loads", "boolean") === false) return;
  const { see_: see, settle_: settle } = createCap(MOST10, (thing, count2) => {
    const [attributes, at] = thing || [{}, NaN];
    tell(sdk, "farol.failed_load" /* FailedLoad */, { ...attributes, ["farol.count" /* Count */]: count2 > 1 ? count2 : void 0 }, count2 > 1 ? NaN : at);
  });
  const status = (url) => {
    var _a;
    return ((_a = safe(() => performance.getEntriesByName(url, "resource").pop())) == null ? void 0 : _a.responseStatus) || void 0;
  };
  const failed = (kind2, url, tag, at, more) => {
    if (!url || !sdk.live_(at)) return;
    const { href, hostname } = safe(() => new URL(url, document.baseURI)) || { href: url, hostname: "" };
    see(kind2 + url, [{
      ["url.full" /* Url */]: href,
      ["farol.resource.kind" /* Kind */]: kind2,
      ["browser.tag_name" /* Tag */]: tag,
      ["http.response.status_code" /* Status */]: status(href),
      ["farol.resource.party" /* Party */]: hostname && party(hostname, location.hostname),
      ...more
    }, at]);
  };
  const first = createTwice();
  const element = sdk.guard_(({ target, timeStamp }) => {
    const { localName, rel, as, currentSrc, src, href } = target;
    const tag = text(localName);
    const url = address(currentSrc) || address(src) || address(href);
    if (first(safe(() => new URL(url, document.baseURI).href) || url, 1)) failed(kindOf(tag, text(rel), text(as)), url, tag, timeStamp);
  });
  const before = sdk.early_;
  sdk.early_ = { length: 0, push: element };
  for (const event of before) element(event);
  const { fonts } = document;
  const lost = (family, at) => {
    const entry = safe(() => performance.getEntriesByType("resource").filter(({ name }) => FONT.test(name) && status(name) > 399).pop());
    failed("font", (entry == null ? void 0 : entry.name) || "font:" + family, "css", at ?? (entry == null ? void 0 : entry.responseEnd) ?? performance.now(), { ["farol.font.family" /* Font */]: family });
  };
  if (fonts) {
    sdk.on_(fonts, "loadingerror", ({ fontfaces, timeStamp }) => fontfaces.forEach(({ family }) => lost(family, timeStamp)));
    fonts.forEach(({ status: status2, family }) => status2 == "error" && lost(family));
  }
  const timed = sdk.guard_((entries) => {
    for (const { initiatorType, responseStatus, name, responseEnd } of entries) {
      const kind2 = KINDS3[initiatorType];
      if (kind2 && responseStatus > 399 && !FONT.test(name) && first(name, -1)) failed(kind2, name, initiatorType, responseEnd);
    }
  });
  const observer = safe(() => new PerformanceObserver((list) => timed(list.getEntries())));
  observer == null ? void 0 : observer.observe({ type: "resource", buffered: true });
  onEnd(sdk, () => {
    timed((observer == null ? void 0 : observer.takeRecords()) || []);
    settle();
  });
  sdk.stops_.push(() => observer == null ? void 0 : observer.disconnect());
}

// src/more/later.ts
function createLater({ endpoint_: endpoint2, options_: { protocol, transport } }) {
  var _a;
  const send = (_a = globalThis.fetchLater) == null ? void 0 : _a.bind(globalThis);
  const armed = /* @__PURE__ */ new Map();
  const disarm = (batch) => {
    safe(() => {
      var _a2;
      return (_a2 = armed.get(batch)) == null ? void 0 : _a2.abort();
    });
    armed.delete(batch);
  };
  return {
    arm_(batch) {
      disarm(batch);
      if (transport || protocol == "faro") return;
      safe(() => {
        const controller = new AbortController();
        const { id_: id, tries_: tries, body_: body, sealed_: sealed } = batch;
        send(endpoint2 + (/\?/.test(endpoint2) ? "&" : "?") + "id=" + id + "&try=" + (tries + 1) + (Date.now() - sealed > LATE ? "&late=1" : ""), {
          method: "POST",
          body,
          headers: { "content-type": "text/plain" },
          credentials: "omit",
          referrerPolicy: "origin",
          signal: controller.signal
        });
        armed.set(batch, controller);
      });
    },
    disarm_: (batch) => (batch ? [batch] : [...armed.keys()]).forEach(disarm),
    leave_: () => [...armed.keys()].forEach((batch) => batch.flights_ && batch.kept_ && disarm(batch))
  };
}

// src/more/pack.ts
var PACKED_FROM = 2048;
function createPack() {
  const Compress = globalThis.CompressionStream;
  return (body) => {
    if (!Compress || body.length < PACKED_FROM) return;
    return new Response(new Blob([body]).stream().pipeThrough(new Compress("gzip"))).blob();
  };
}

// src/more/split.ts
var { parse, stringify } = JSON;
var KINDS4 = ["logs", "exceptions", "measurements", "events"];
function split(batch) {
  const whole = parse(new TextDecoder().decode(batch.body_));
  const count2 = each(whole, () => true);
  const half = count2 >> 1;
  if (!half) return;
  return [0, 1].map((part) => {
    var _a;
    const payload = parse(stringify(whole));
    let at = 0;
    each(payload, () => at++ < half == !part);
    const { farol } = payload;
    if (farol && part) {
      farol.seq = (farol.seq || 0) + half;
      delete farol.first;
    }
    return {
      ...batch,
      id_: batch.id_ + "." + part,
      body_: new TextEncoder().encode(stringify(payload)),
      tries_: 0,
      flights_: 0,
      stored_: false,
      items_: part ? count2 - half : half,
      error_: batch.error_ && !!((_a = payload.exceptions) == null ? void 0 : _a.length)
    };
  });
}
function each(payload, keep) {
  var _a;
  let left = 0;
  const pick = (list) => {
    const kept = list.filter(keep);
    left += kept.length;
    return kept;
  };
  for (const kind2 of KINDS4) if (payload[kind2] && !(payload[kind2] = pick(payload[kind2])).length) delete payload[kind2];
  const resources2 = ((_a = payload.traces) == null ? void 0 : _a.resourceSpans) || [];
  for (const resource of resources2) {
    for (const scope of resource.scopeSpans) scope.spans = pick(scope.spans);
    resource.scopeSpans = resource.scopeSpans.filter(({ spans }) => spans.length);
  }
  if (!resources2.some(({ scopeSpans }) => scopeSpans.length)) delete payload.traces;
  return left;
}

// src/more/squeeze.ts
var SQUEEZED_FROM = 512;
var SQUEEZED_TO = 262144;
var TIGHT = 1e3;
var FURTHEST = 32768;
var LONGEST6 = 257;
var HASH_BITS = 12;
function createSqueeze() {
  let tight = 0;
  return (body, room) => {
    const now = performance.now();
    if (room <= 0 || now < tight || body.length < SQUEEZED_FROM || body.length > SQUEEZED_TO) return;
    const packed = squeeze(body);
    if (packed.length <= Math.min(room, body.length)) return packed;
    tight = now + TIGHT;
  };
}
function squeeze(body) {
  const { length } = body;
  const out = new Uint8Array(length + (length >> 3) + 32);
  const last = Array(1 << HASH_BITS).fill(0);
  let at = 10;
  let bits = 0;
  let held = 0;
  const put = (value, count2) => {
    bits |= value << held;
    for (held += count2; held > 7; held -= 8) {
      out[at++] = bits;
      bits >>>= 8;
    }
  };
  const code = (value, count2) => {
    while (count2--) put(value >> count2 & 1, 1);
  };
  const symbol = (value) => value < 144 ? code(value + 48, 8) : value < 256 ? code(value + 256, 9) : value < 280 ? code(value - 256, 7) : code(value - 88, 8);
  const classed = (value, fine, write) => {
    let extra = 0;
    while (value >> extra + fine + 1) extra++;
    write((extra << fine) + (value >> extra));
    put(value & (1 << extra) - 1, extra);
  };
  let crc = -1;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 8; bit--; ) crc = crc >>> 1 ^ (crc & 1 && 3988292384);
  }
  out.set([31, 139, 8]);
  out[9] = 255;
  put(3, 3);
  for (let from = 0; from < length; ) {
    let run = 0;
    const slot = Math.imul(body[from] | body[from + 1] << 8 | body[from + 2] << 16 | body[from + 3] << 24, 2654435761) >>> 32 - HASH_BITS;
    const back = from + 1 - last[slot];
    last[slot] = from + 1;
    if (back <= from && back <= FURTHEST) while (run < LONGEST6 && from + run < length && body[from + run] == body[from + run - back]) run++;
    if (run > 3) {
      classed(run - 3, 2, (value) => symbol(value + 257));
      classed(back - 1, 1, (value) => code(value, 5));
    } else {
      run = 1;
      symbol(body[from]);
    }
    from += run;
  }
  symbol(256);
  put(0, 7);
  const end = new DataView(out.buffer, at);
  end.setInt32(0, ~crc, true);
  end.setUint32(4, length, true);
  return out.subarray(0, at + 8);
}

// src/more/outbox.ts
var MOST_STORED = 4 << 20;
var MOST_TAKEN = 32;
var MOST_BYTES2 = 512 << 10;
var MOST_HELD = MOST_ASKED + TIMEOUT;
var STORE = "batches";
var old = (at) => Math.abs(Date.now() - at) >= MOST_AGE;
var key = (batch) => [+!!batch.error_, batch.sealed_, batch.body_.length, batch.id_];
var observeOutbox = /* @__PURE__ */ Object.assign((sdk) => {
  sdk.pack_ = createPack();
  sdk.squeeze_ = createSqueeze();
  sdk.split_ = split;
  if (!sdk.options_.outbox) return;
  const outbox2 = createOutbox(sdk);
  sdk.sender_.join_(outbox2);
  outbox2.look_();
}, { left_: true });
function createOutbox(sdk) {
  var _a;
  const { endpoint_: url, name_: name, guard_: guard, tell_: tell2, later_: later, cancel_: cancel } = sdk;
  const databases = safe(() => indexedDB);
  const page2 = performance.timeOrigin;
  const alone = ((_a = sdk.options_.session) == null ? void 0 : _a.storage) !== "visitor" && parent == window;
  const left = createLater(sdk);
  let database;
  let opening = false;
  let full = false;
  let waiting = [];
  let stored = Infinity;
  let more = false;
  let timer;
  let marked = false;
  let looked = false;
  let hushed = false;
  let own2 = "";
  const mark = (there) => {
    if (there && (marked || !sdk.granted_())) return;
    marked = there;
    safe(() => {
      var _a2, _b;
      return there ? (_a2 = sdk.store_) == null ? void 0 : _a2.setItem(name + LEFT2, "1") : (_b = sdk.store_) == null ? void 0 : _b.removeItem(name + LEFT2);
    });
  };
  const quiet = (event) => event.preventDefault();
  const lost = (event) => {
    var _a2;
    quiet(event);
    if (!full) tell2(15 /* OutboxOff */, (_a2 = event.target.error) == null ? void 0 : _a2.name);
    full = true;
  };
  const close = () => {
    database == null ? void 0 : database.close();
    database = void 0;
  };
  const fail = (event) => {
    event == null ? void 0 : event.preventDefault();
    close();
    if (box.off_) return;
    box.off_ = true;
    waiting = [];
    tell2(15 /* OutboxOff */);
  };
  const run = guard((work, fresh) => {
    if (box.off_) return;
    try {
      const transaction = database.transaction(STORE, "readwrite");
      transaction.onerror = transaction.onabort = lost;
      work(transaction.objectStore(STORE));
      if (sdk.over_ && !fresh) close();
    } catch {
      if (fresh) return fail();
      close();
      waiting.push(work);
      open2();
    }
  });
  const open2 = guard(() => {
    if (opening) return;
    opening = true;
    let request;
    try {
      request = databases.open(name, 1);
    } catch {
      return fail();
    }
    let patience;
    const wait = () => {
      const from = Date.now();
      patience = later(guard(() => Date.now() - from > 2 * TIMEOUT ? wait() : fail()), TIMEOUT);
    };
    wait();
    request.onupgradeneeded = guard(() => void request.result.createObjectStore(STORE));
    request.onerror = guard((event) => {
      cancel(patience);
      fail(event);
    });
    request.onsuccess = guard(() => {
      cancel(patience);
      opening = false;
      database = request.result;
      if (box.off_) return close();
      database.onversionchange = close;
      for (const work of waiting.splice(0)) run(work, true);
      if (sdk.over_) close();
    });
  });
  function trim(store) {
    const keys2 = store.getAllKeys();
    keys2.onsuccess = guard(() => {
      stored = 0;
      mark(keys2.result.length > 0);
      for (const [, at, bytes] of keys2.result) if (!old(at)) stored += bytes;
      for (const one of keys2.result) {
        const [, at, bytes] = one;
        if (stored > MOST_STORED || old(at)) {
          if (!old(at)) stored -= bytes;
          const row = store.get(one);
          row.onsuccess = guard(() => {
            var _a2;
            return tell2(4 /* BatchDropped */, void 0, (_a2 = row.result) == null ? void 0 : _a2.items);
          });
          store.delete(one);
        }
      }
    });
  }
  const others = guard(() => {
    var _a2;
    (_a2 = databases.databases) == null ? void 0 : _a2.call(databases).then((all) => all.forEach(guard(({ name: other = "" }) => {
      if (!other.startsWith("farol:1:") || other == name) return;
      const request = databases.open(other, 1);
      request.onerror = quiet;
      request.onupgradeneeded = () => request.transaction.abort();
      request.onsuccess = guard(() => {
        const { result } = request;
        const keys2 = safe(() => result.transaction(STORE).objectStore(STORE).getAllKeys());
        result.close();
        if (keys2) keys2.onsuccess = guard(() => {
          const all2 = keys2.result;
          if (all2.length && all2.every(([, at]) => old(at))) databases.deleteDatabase(other).onerror = quiet;
        });
      });
    })), () => {
    });
  });
  const look = guard(() => {
    cancel(timer);
    more = false;
    if (!sdk.granted_()) return left.disarm_();
    if (hushed || document.prerendering) return;
    run((store) => {
      if (!looked) others();
      looked = true;
      trim(store);
      const batches = [];
      const cursor = store.openCursor();
      let next = Infinity;
      let bytes = 0;
      cursor.onsuccess = guard(() => {
        const here2 = cursor.result;
        if (!here2 || batches.length >= MOST_TAKEN || bytes >= MOST_BYTES2) {
          more = !!here2;
          if (!more && next < Infinity) timer = later(look, next - Date.now());
          return sdk.sender_.adopt_(batches);
        }
        const [error, at, , id] = here2.key;
        const row = here2.value;
        const free = alone && row.session == sdk.session_() && row.page < page2 ? row.wait : row.until;
        const held = free - Date.now();
        if (row.url != url || id == own2) {
        } else if (held > 0 && held <= MOST_HELD) next = Math.min(next, free);
        else {
          bytes += row.body.length;
          here2.update({ ...row, page: page2, until: Date.now() + TIMEOUT });
          batches.push({
            id_: id,
            offset_: 0,
            error_: error,
            body_: row.body,
            session_: row.session,
            tries_: Math.max(row.tries, 1),
            flights_: 0,
            sealed_: at,
            stored_: true,
            items_: row.items
          });
        }
        here2.continue();
      });
    });
  });
  sdk.on_(document, "prerenderingchange", look);
  const leave = () => {
    left.leave_();
    close();
  };
  sdk.on_(window, "pagehide", leave);
  sdk.on_(document, "freeze", leave);
  sdk.stops_.push(() => {
    cancel(timer);
    close();
  });
  const box = {
    put_(batch, wait, until, draft) {
      mark(true);
      if (draft || batch.draft_) own2 = batch.draft_ ? batch.id_ : "";
      more ||= !until;
      if (batch.tries_ && !batch.flights_ && until && !wait) left.arm_(batch);
      else left.disarm_(wait ? void 0 : batch);
      run((store) => {
        const { id_: id, session_: session, tries_: tries, body_: body, items_: items } = batch;
        if (draft) {
          const was = store.get(key(draft));
          was.onsuccess = guard(() => {
            var _a2;
            if (draft.id_ != id || !(draft.spent_ || draft.stored_ && ((_a2 = was.result) == null ? void 0 : _a2.page) != page2)) return;
            if (batch.draft_) batch.spent_ = true;
            else sdk.sender_.adopt_([{ ...batch, id_: id + "r", tries_: 1, flights_: 0 }]);
          });
          store.delete(key(draft));
        }
        let there;
        store.put({ id, url, session, page: page2, tries, body, items, wait, until }, key(batch)).onsuccess = (event) => there = event;
        store.transaction.oncomplete = () => {
          if (there) batch.stored_ = true;
        };
        stored += body.length;
        if (stored > MOST_STORED) trim(store);
      });
    },
    remove_(batch) {
      left.disarm_(batch);
      run((store) => {
        store.delete(key(batch));
        const count2 = store.count();
        count2.onsuccess = () => {
          if (!count2.result) mark(false);
        };
      });
    },
    look_: look,
    room_: () => more && look(),
    hush_() {
      hushed = true;
      cancel(timer);
      left.disarm_();
    },
    erase_: guard(() => {
      cancel(timer);
      left.disarm_();
      close();
      waiting = [];
      stored = 0;
      mark(false);
      if (!box.off_) databases.deleteDatabase(name).onerror = quiet;
    })
  };
  return box;
}

// src/more/reports.ts
var MOST11 = 20;
var WANTED = ["csp-violation", "intervention"];
var words = (value) => typeof value == "string" && value ? value : void 0;
var count = (value) => typeof value == "number" && value ? value : void 0;
function describeReport(type, body) {
  return {
    ["farol.report.type" /* ReportType */]: type,
    ["farol.report.id" /* ReportId */]: words(body.id),
    ["farol.report.message" /* ReportMessage */]: words(body.message),
    ["farol.report.directive" /* ReportDirective */]: words(body.effectiveDirective),
    ["farol.report.disposition" /* ReportDisposition */]: words(body.disposition),
    ["farol.report.blocked.url" /* ReportBlocked */]: words(body.blockedURL ?? body.blockedURI),
    ["farol.report.source.url" /* ReportSource */]: words(body.sourceFile),
    ["farol.report.line" /* ReportLine */]: count(body.lineNumber),
    ["farol.report.column" /* ReportColumn */]: count(body.columnNumber)
  };
}
function observeReports(sdk) {
  const wanted = option(sdk, "reports", "boolean list") ?? true;
  const types = Array.isArray(wanted) ? wanted : wanted ? WANTED : [];
  if (!types.length) return;
  const see = capped(sdk, MOST11, (attributes, count2) => tell(sdk, "farol.report" /* Report */, { ...attributes, ["farol.count" /* Count */]: count2 > 1 ? count2 : void 0 }));
  const first = createTwice();
  let ours = false;
  const take = (type, body, way) => {
    if (!types.includes(type) || !sdk.live_()) return;
    const attributes = describeReport(type, body);
    if (text(attributes["farol.report.blocked.url" /* ReportBlocked */]).startsWith(sdk.endpoint_)) {
      if (ours) return;
      ours = true;
      if (body.disposition == "enforce") sdk.tell_(7 /* Unsupported */, body.effectiveDirective);
    }
    const key2 = Object.values(attributes).join();
    if (first(key2, way)) see(key2, attributes);
  };
  const observer = safe(() => new ReportingObserver(sdk.guard_((reports2) => reports2.forEach(({ type, body }) => take(type || "", body || {}, -1))), { buffered: sdk.live_(0) }));
  if (observer) {
    observer.observe();
    sdk.stops_.push(() => observer.disconnect());
  }
  sdk.on_(document, "securitypolicyviolation", (event) => take("csp-violation", event, 1));
}

// src/more/self.ts
var EVERY = 6e4;
function grown(now, told) {
  return Object.keys(now).map((name) => [name, now[name] - (told[name] || 0)]).filter(([, by]) => by > 0);
}
function observeSelf(sdk) {
  if (sdk.options_.selfReport === false) return;
  let last = -EVERY;
  let told = {};
  onEnd(sdk, () => {
    const values = grown(sdk.tally_, told);
    if (!values.length || !sdk.live_() || performance.now() - last < EVERY) return;
    last = performance.now();
    told = { ...sdk.tally_ };
    sdk.put_(4 /* Measurement */ | 1024 /* Nowhere */, (w) => {
      w.s("farol.sdk" /* Self */).u(values.length);
      for (const [name, by] of values) w.s(name).n(micros(by));
      w.a(void 0).s("").s("").n(NaN);
    });
  });
}

// src/more.ts
var actions = observeActions;
var clicks = observeClicks;
var config = observeConfig;
var frames = observeFrames;
var here = observeHere;
var loads = observeLoads;
var outbox = observeOutbox;
var reports = observeReports;
var selfReport = observeSelf;
var EXTRA = "console forms load memory resources traceResponse userTiming".split(" ");

// src/rust-app.ts
var HERE2 = [here, outbox, config, actions, clicks, frames, loads, reports, selfReport, ...features];
var PATTERNS = ["propagateTo", "ignoreErrors", "denyUrls", "capture.userTiming", "capture.resources.ignore"];
var FRAMES = 50;
var TRAP = 1e3;
var Trap = class extends RegExp {
  constructor() {
    super(...arguments);
    this.panicked_ = -Infinity;
  }
  [Symbol.search](text3) {
    if (performance.now() - this.panicked_ > TRAP || !/^RuntimeError: unreachable/i.test(text3)) return -1;
    this.panicked_ = -Infinity;
    return 0;
  }
};
function open(options, memory2, connect, buffer, put) {
  const trap = new Trap("");
  const entered = createEntered();
  const tell2 = options.onDiagnostic;
  if (tell2) options.onDiagnostic = (code, detail) => tell2(code, text(detail));
  for (const name of PATTERNS) {
    const path2 = name.split(".");
    const last = path2.pop();
    const at = path2.reduce((found, key2) => found == null ? void 0 : found[key2], options);
    if (!Array.isArray(at == null ? void 0 : at[last])) continue;
    at[last] = at[last].map((one) => typeof one == "string" ? one : safe(() => new RegExp(one.regex))).filter((one) => {
      if (one == void 0) safe(() => {
        var _a;
        return (_a = options.onDiagnostic) == null ? void 0 : _a.call(options, "bad-option", name);
      });
      return one != void 0;
    });
  }
  options.ignoreErrors = [...options.ignoreErrors || [], trap];
  const core = {
    instantiate(host) {
      connect(host);
      return { memory: memory2, buffer, put };
    }
  };
  options.core = core;
  options.features = HERE2;
  options.join_ = entered.join_;
  return {
    ...start(options, () => {
    }),
    // Rust called, and could not catch what these throw where the page has broken what they are made of.
    enter: (span) => void safe(() => entered.enter_(span)),
    exit: (span) => void safe(() => entered.exit_(span)),
    misgiven: (method) => void safe(() => {
      var _a;
      return (_a = options.onDiagnostic) == null ? void 0 : _a.call(options, "bad-message", method);
    }),
    failure(type, message, causes2, place) {
      const limited = Error;
      const limit = limited.stackTraceLimit;
      safe(() => limited.stackTraceLimit = FRAMES);
      const error = new Error(message);
      safe(() => limited.stackTraceLimit = limit);
      safe(() => {
        const { stack = "" } = error;
        const head = "" + error;
        const frames2 = stack.startsWith(head) ? stack.slice(head.length + 1) : stack;
        if (place) error.stack = `${type}: ${message}
    at ${place.replace(/:\d+$/, "")} (${place})
${frames2}`;
      });
      safe(() => Object.defineProperty(error, "name", { value: type, configurable: true, writable: true }));
      let at = error;
      for (const cause of causes2) {
        const next = new Error(cause);
        next.stack = "";
        at = at.cause = next;
      }
      return error;
    },
    panicked() {
      safe(() => trap.panicked_ = performance.now());
      safe(entered.forget_);
    }
  };
}
export {
  open
};
