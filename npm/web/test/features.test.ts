/** How features start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeatures } from '../src/features.js';
import type { Sdk } from '../src/sdk.js';
import type { Feature } from '../src/types.js';

test('a feature starts once, though its start changes the session', () => {
  const started: string[] = [];
  const features: Feature[] = ['a', 'b', 'c'].map((name) => () => {
    started.push(name);
    if (started.length < 20) more();
  });
  const sdk = { options_: { features, capture: { loads: false } }, guard_: (fn: unknown) => fn, leaves_: () => true, live_: () => true } as unknown as Sdk;
  const more = createFeatures(sdk, () => {});
  more();
  more();
  assert.deepEqual(started, ['a', 'b', 'c']);
});

test('every client starts what is brought, though all are brought the same list', () => {
  const started: string[] = [];
  const features: Feature[] = [() => started.push('a'), () => started.push('b')];
  for (let client = 0; client < 2; client++) {
    const sdk = { options_: { features, capture: { loads: false } }, guard_: (fn: unknown) => fn, leaves_: () => true, live_: () => true } as unknown as Sdk;
    createFeatures(sdk, () => {})();
  }
  assert.deepEqual(started, ['a', 'b', 'a', 'b']);
});
