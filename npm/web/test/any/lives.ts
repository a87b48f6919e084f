/**
 * Random lives of a client: any calls with any values, between valid ones that have to arrive. The same in Node, in front of a page that is made up, and in a
 * real browser.
 */
import fc from 'fast-check';
import type { Client, Options, TransportRequest } from '../../src/types.js';
import { make, type Value, value } from './values.js';

const METHODS = [
  'event', 'log', 'measure', 'captureError', 'startSpan', 'withSpan', 'setUser', 'setView', 'setAttributes', 'setSessionAttributes', 'setConsent', 'endSession',
  'sessionId', 'sampled', 'onSessionChange', 'traceparent', 'flush',
] as const satisfies (keyof Client)[];
const SPAN_METHODS = ['setAttributes', 'setError', 'run', 'traceparent', 'end'] as const;
/** Those that run a function of the page's: what that throws is the page's. */
const RUNS: string[] = ['withSpan', 'run'];
/** As it is before a stage makes it another. */
const keep = setTimeout;
/** What methods answer with, whatever they were given. */
const ANSWERS: Record<string, string> = { sessionId: 'string', traceparent: 'string', sampled: 'boolean', onSessionChange: 'function', flush: 'object', shutdown: 'object', startSpan: 'object' };

const KEPT = ['event', 'log', 'measure', 'captureError', 'withSpan'] as const;

type Step =
  | { call: (typeof METHODS)[number]; with: Value[] }
  | { span: Value[]; calls: { call: (typeof SPAN_METHODS)[number]; with: Value[] }[] }
  | { keeps: (typeof KEPT)[number] }
  | { consent: 'pending' | 'granted' | 'denied' }
  | { happens: string; with: Value }
  | { shutdown: true };

/** In ms: what takes so long does not come. */
const PATIENCE = 5000;

const args = fc.array(value, { maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ call: fc.constantFrom(...METHODS), with: args }) },
  { weight: 3, arbitrary: fc.record({ span: args, calls: fc.array(fc.record({ call: fc.constantFrom(...SPAN_METHODS), with: args }), { maxLength: 4 }) }) },
  { weight: 6, arbitrary: fc.record({ keeps: fc.constantFrom(...KEPT) }) },
  { weight: 1, arbitrary: fc.record({ consent: fc.constantFrom('pending' as const, 'granted' as const, 'denied' as const) }) },
  { weight: 1, arbitrary: fc.record({ happens: fc.constantFrom('error', 'unhandledrejection', 'online', 'pagehide', 'storage'), with: value }) },
  { weight: 1, arbitrary: fc.constant({ shutdown: true as const }) },
);

/** Options that say nothing of whether what is recorded is sent: with any of them, valid calls arrive. */
const HARMLESS = ['app', 'view', 'user', 'attributes', 'session', 'batch', 'propagateTo', 'baggage', 'ignoreErrors', 'denyUrls', 'extensionErrors', 'privacyControl', 'remoteConfig',
  'outbox', 'selfReport', 'unsampledHeader', 'base', 'onDiagnostic', 'key'];
/** Of the harmless ones those that leave errors out: a list such as `['']` or `['r']` is found in any. */
const FILTERS = ['ignoreErrors', 'denyUrls'];
const OTHERS = ['url', 'sampleRate', 'sampling', 'protocol', 'consent', 'limits', 'beforeSend', 'transport', 'capture', 'features', 'core', 'coreDelayMs'];

const some = (names: string[]): fc.Arbitrary<[string, Value][]> => fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 5 });

export interface Life {
  harmless: [string, Value][];
  others: [string, Value][];
  /** All options in one value, in the place of the two. */
  whole?: Value;
  steps: Step[];
}

const none = fc.constant<[string, Value][]>([]);
const steps = fc.array(step, { maxLength: 25 });
/** With options that are as they should be. */
export const calls: fc.Arbitrary<Life> = fc.record({ harmless: none, others: none, steps });
/** With some that are anything, none of which keeps anything back. */
export const options: fc.Arbitrary<Life> = fc.record({ harmless: some(HARMLESS), others: none, steps });
/** With anything. */
export const anything: fc.Arbitrary<Life> = fc.oneof(
  fc.record({ harmless: some(HARMLESS), others: some(OTHERS), steps }),
  fc.record({ harmless: none, others: none, whole: value, steps }),
);

/** What a page has for a life. */
export interface Stage {
  /** Where requests may go that no transport takes. */
  url: string;
  init(options: Options): Client;
  /** Has the event happen, with that as what it tells of. */
  dispatch(type: string, told: unknown): void;
  /** What surfaced in the page since it was asked last: errors and rejections. */
  surfaced(): Promise<string[]>;
}

const isOurs = (error: unknown): boolean => {
  // What is called may be a class, or revoked: the language's own word for what the page gave.
  try {
    return /^of the page$|class constructor|revoked/i.test((error as Error).message);
  } catch {
    return false;
  }
};

/** The names of what arrived. */
function names(requests: TransportRequest[]): Set<string> {
  const found = new Set<string>();
  for (const { body } of requests) {
    const payload = JSON.parse(new TextDecoder().decode(body)) as Record<string, Record<string, string>[]> & { traces?: { resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[] } };
    for (const [kind, member] of [['events', 'name'], ['logs', 'message'], ['measurements', 'type'], ['exceptions', 'value']] as const) {
      for (const item of payload[kind] || []) found.add(item[member]!);
    }
    for (const { scopeSpans } of payload.traces?.resourceSpans || []) for (const { spans } of scopeSpans) for (const { name } of spans) found.add(name);
  }
  return found;
}

/** Plays a life, and says what is wrong with it; nothing is, if the list is empty. */
export async function play({ harmless, others, whole, steps }: Life, stage: Stage): Promise<string[]> {
  const wrong: string[] = [];
  const requests: TransportRequest[] = [];
  const attempt = (what: string, work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      if (!RUNS.includes(what) || !isOurs(error)) {
        let text = 'something that cannot be told';
        try {
          text = String((error as Error).stack);
        } catch {}
        wrong.push(`${what} threw ${text}`);
      }
      return undefined;
    }
  };
  const check = (what: string, answer: unknown): void => {
    const wanted = ANSWERS[what];
    if (wanted && typeof answer != wanted) wrong.push(`${what} answered with ${typeof answer}`);
  };
  /** The promises of what the page ran itself are the page's. */
  const settle = (answer: unknown): void => {
    try {
      if (answer instanceof Promise) answer.catch(() => {});
    } catch {}
  };

  const given: Record<string, unknown> = { url: stage.url, app: { name: 'any' }, transport: (request: TransportRequest) => (requests.push(request), 202) };
  for (const [name, value] of [...harmless, ...others]) given[name] = make(value);
  const client = attempt('init', () => stage.init((whole ? make(whole) : given) as unknown as Options)) as Client;
  if (!client) return wrong.length ? wrong : ['init gave nothing'];
  const call = (method: string, on: unknown, args: Value[]): void => {
    const values = args.map(make);
    const answer = attempt(method, () => (on as Record<string, Function>)[method]!(...values));
    if (RUNS.includes(method)) settle(answer);
    else check(method, answer);
    if (method == 'onSessionChange' && typeof answer == 'function') attempt('its end', answer as () => void);
  };

  /** An address of more than 1 MiB is none to Firefox. */
  const nowhere = harmless.some(([name, value]) => name == 'key' && (value as { nasty?: string }).nasty == 'a huge string');
  const filtered = harmless.some(([name]) => FILTERS.includes(name));
  /** Names of what has to arrive. Of what was told before a yes some may be over what is kept until then. */
  let due: string[] = [];
  let consent = 'granted';
  let over = false;
  let next = 0;
  for (const step of steps) {
    if ('call' in step) {
      call(step.call, client, step.with);
      // What is none of its words takes a yes back.
      if (step.call == 'setConsent' && consent == 'granted') attempt('setConsent', () => client.setConsent('granted'));
    } else if ('span' in step) {
      const values = step.span.map(make);
      const span = attempt('startSpan', () => (client.startSpan as Function)(...values));
      check('startSpan', span);
      for (const { call: method, with: args } of step.calls) call(method, span, args);
    } else if ('keeps' in step) {
      const name = `kept ${next++}`;
      attempt(step.keeps, () => {
        if (step.keeps == 'event') client.event(name, { n: next });
        else if (step.keeps == 'log') client.log(name, { level: 'warn' });
        else if (step.keeps == 'measure') client.measure(name, { value: next });
        else if (step.keeps == 'captureError') client.captureError(new Error(name));
        else if (client.withSpan(name, () => 7) !== 7) wrong.push('withSpan gave something else');
      });
      if (!over && consent == 'granted' && !(filtered && step.keeps == 'captureError')) due.push(name);
    } else if ('consent' in step) {
      attempt('setConsent', () => client.setConsent(step.consent));
      // Also after the end: what is not sent by then stays.
      consent = step.consent;
      if (consent == 'denied') due = [];
    } else if ('happens' in step) attempt('an event', () => stage.dispatch(step.happens, make(step.with)));
    else {
      // What waits for a yes by then waits for ever.
      if (consent != 'granted') due = [];
      over = true;
      check('shutdown', attempt('shutdown', () => client.shutdown()));
    }
  }
  // With a transport or a core of the page's it may have no end.
  const flushed = attempt('flush', () => client.flush()) as Promise<void>;
  if (!others.length && !whole) {
    let patience: ReturnType<typeof setTimeout>;
    const end = new Promise<void>((done) => (patience = keep(() => (wrong.push('flush has no end'), done()), PATIENCE)));
    await Promise.race([flushed, end]);
    clearTimeout(patience!);
  }
  attempt('shutdown', () => void client.shutdown());
  wrong.push(...(await stage.surfaced()));
  // What was asked for may keep all of it back.
  if (!others.length && !whole && !nowhere && consent == 'granted') {
    const arrived = names(requests);
    const lost = due.filter((name) => !arrived.has(name));
    if (lost.length) wrong.push(`lost: ${lost.join(', ')}`);
  }
  return wrong;
}

/** How often: each of the three. `seed` plays the same again. */
export async function playAll(stage: Stage, runs: number, seed: number): Promise<string> {
  const told: string[] = [];
  for (const [name, life] of Object.entries({ calls, options, anything })) {
    const result = await fc.check(fc.asyncProperty(life, async (life) => {
      const wrong = await play(life, stage);
      if (wrong.length) throw new Error(wrong.join('\n'));
    }), { numRuns: runs, seed, endOnFailure: false });
    if (result.failed) told.push(`${name}, seed ${seed}, path ${result.counterexamplePath}: ${(result.errorInstance as Error)?.message}\n${fc.stringify(result.counterexample)}`);
  }
  return told.join('\n\n');
}
