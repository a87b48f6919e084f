/** What is handed to the core of long frames and events. What the vitals come to: tests/e2e/vitals, sdk-wasm/src/vitals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observeVitals } from '../src/observe/vitals.js';
import type { Sdk } from '../src/sdk.js';
import { createWriter, type Writer } from '../src/writer.js';

test('of a frame whose script an element without an id called, and of an event on one that is gone, nothing is handed over of what its `src` holds', async () => {
  const seen: Record<string, (list: unknown) => void> = {};
  class PerformanceObserver {
    static supportedEntryTypes = ['event', 'long-animation-frame'];
    constructor(private run: (list: unknown) => void) {}
    observe({ type }: { type: string }): void {
      seen[type] = this.run;
    }
    disconnect(): void {}
  }
  class PerformanceEventTiming {
    interactionId = 0;
  }
  Object.defineProperty(PerformanceEventTiming.prototype, 'interactionId', { value: 0 });
  const page = { readyState: 'complete', visibilityState: 'visible' };
  Object.assign(globalThis, { self: globalThis, window: globalThis, document: page, PerformanceObserver, PerformanceEventTiming });
  let told = '';
  observeVitals({
    put_: (_: unknown, write: (w: Writer) => void) => {
      const w = createWriter();
      write(w);
      told += new TextDecoder().decode(w.done());
    },
    guard_: (run: unknown) => run, on_() {}, stops_: [], hides_: new Set(), later_() {}, cancel_() {},
  } as unknown as Sdk);
  const script = { startTime: 1, duration: 300, invokerType: 'event-listener', invoker: 'IMG[src=data:image/jpeg;base64,/9j/4AAQ].onload', sourceURL: '', sourceFunctionName: '', sourceCharPosition: 0 };
  seen['long-animation-frame']!({ getEntries: () => [{ startTime: 1, duration: 300, styleAndLayoutStart: 200, scripts: [script] }] });
  page.visibilityState = 'hidden';
  const event = { name: 'click', startTime: 1, duration: 300, interactionId: 7, processingStart: 2, processingEnd: 3, target: null };
  const targets = ['IMG[src=/avatar?token=hunter2]', `IMG[src=data:image/jpeg;base64,${'/9j/4AAQ'.repeat(20)}]`];
  seen['event']!({ getEntries: () => targets.map((targetSelector) => ({ ...event, targetSelector })) });
  await new Promise((done) => setImmediate(done));
  assert.match(told, /IMG\[src\]\.onload/);
  assert.equal(told.match(/IMG\[src\](?!\.)/g)?.length, 2);
  for (const held of ['4AAQ', 'hunter2']) assert.ok(!told.includes(held));
});
