import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Place, Sdk } from '../src/sdk.js';
import { startSpan } from '../src/spans.js';
import type { Span, SpanOptions } from '../src/types.js';

const CURRENT: Place = { trace_: 'current trace', span_: 'current span' };

const start = (options: unknown): Span =>
  startSpan({
    ambient_: () => CURRENT,
    guard_: (fn: unknown) => fn,
    header_: () => '',
    child_: (parent?: Place | null) => ({ trace_: parent?.trace_ ?? 'new', span_: 'own' }),
  } as unknown as Sdk, 'name', options as SpanOptions);

test('a span belongs to the running one, to the one that is given, or to none', () => {
  assert.equal(start(undefined).traceId, CURRENT.trace_);
  assert.equal(start({ parent: null }).traceId, 'new');
  assert.equal(start({ parent: start(undefined) }).traceId, CURRENT.trace_);
});

test('a parent may be another copy\'s span, of which only the public names are known', () => {
  assert.equal(start({ parent: { traceId: 'theirs', spanId: 'x' } }).traceId, 'theirs');
  assert.equal(start({ parent: {} }).traceId, 'new');
});

test('options that throw or are none give a span all the same', () => {
  const bad = (): never => {
    throw new Error('no');
  };
  for (const options of [null, 5, { get parent() { return bad(); } }, { attributes: { get x() { return bad(); } } }]) {
    assert.equal(start(options).spanId, 'own');
  }
  start(undefined).setAttributes({ get x() { return bad(); } });
});
