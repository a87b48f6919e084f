/** What is sent through the collector: the seven captured requests of the Faro SDK, and the payload that holds everything once. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const fixtures = new URL('../../fixtures/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'));

/* eslint-disable-next-line -- the wire's shape, read by the few fields that are counted */
type Json = any;

const captured = ['01', '02', '03', '04', '05', '06', '07'].map((n) => (read(`faro-2.12.1/${n}.json`) as Json).body);
const maximal: Json = read('payload/maximal.json');

export const payloads: readonly Json[] = [...captured, maximal];

/** How many items of each signal some payloads hold. */
export function counted(bodies: readonly Json[]): { logs: number; spans: number } {
  const length = (list: unknown[] | undefined): number => list?.length ?? 0;
  let [logs, spans] = [0, 0];
  for (const body of bodies) {
    logs += length(body.logs) + length(body.exceptions) + length(body.measurements) + length(body.events);
    for (const resource of body.traces?.resourceSpans ?? []) {
      for (const scope of resource.scopeSpans ?? []) spans += length(scope.spans);
    }
  }
  return { logs, spans };
}

let batches = 0;

/** Sends payloads as pages do, each a batch with an id of its own; all have to be taken. */
export async function send(url: string, bodies: readonly Json[] = payloads): Promise<{ logs: number; spans: number }> {
  for (const body of bodies) {
    const answer = await fetch(`${url}/collect?id=interop-${process.pid}-${(batches += 1)}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: JSON.stringify(body),
    });
    assert.equal(answer.status, 202, await answer.text());
  }
  return counted(bodies);
}

/** A payload of logs with these messages. */
export function logs(messages: readonly string[]): Json {
  return { meta: { app: { name: 'interop' } }, logs: messages.map((message) => ({ message, level: 'info', timestamp: new Date().toISOString() })) };
}
