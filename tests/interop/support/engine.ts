/** ClickHouse's engine behind its small HTTP door, and rows as the OpenTelemetry Collector's tables have them, beside the items that they were. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Item, Value } from '../../e2e/driver/otlp.js';
import { folder, freePort } from '../../long/setting.js';
import { nameOf } from './farol.js';
import { server, type Server } from './server.js';

export interface Engine extends Server {
  port: number;
  url: string;
  /** What a statement gives; one that is refused is an error with the engine's words. */
  ask(statement: string): Promise<string>;
  /** The rows of a query. */
  rows(query: string): Promise<Row[]>;
}

export async function engine(): Promise<Engine> {
  const place = await folder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = server('chdb', [String(port), join(place, 'data')], `${url}/ping`, place);
  const ask = async (statement: string): Promise<string> => {
    const answer = await fetch(url, { method: 'POST', body: statement });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return text.trim();
  };
  return {
    ...running,
    port,
    url,
    ask,
    async rows(query) {
      const lines = (await ask(`${query} FORMAT JSONEachRow`)).split('\n').filter(Boolean);
      return lines.map((it) => JSON.parse(it) as Row);
    },
  };
}

export interface Row {
  TraceId: string;
  SpanId: string;
  ServiceName: string;
  ResourceAttributes: Record<string, string>;
  LogAttributes?: Record<string, string>;
  SpanAttributes?: Record<string, string>;
  Body?: string;
  EventName?: string;
  SpanName?: string;
}

export const nameIn = (row: Row): string => row.LogAttributes?.['log.record.uid'] ?? `${row.TraceId} ${row.SpanId}`;

/** What is no text stands as JSON. */
function assertSame(found: string | undefined, value: Value, what: string): void {
  if (typeof value === 'string') assert.equal(found, value, what);
  else if (value !== null) assert.deepEqual(JSON.parse(found ?? ''), value, what);
}

/** Holds a row to its item; says how many attributes were compared. */
export function compare(item: Item, row: Row): number {
  const own = row.LogAttributes ?? row.SpanAttributes ?? {};
  for (const [name, value] of Object.entries(item.attributes)) assertSame(own[name], value, `${name} of ${nameOf(item)}`);
  for (const [name, value] of Object.entries(item.resource)) assertSame(row.ResourceAttributes[name], value, `${name} of ${nameOf(item)}`);
  assert.equal(row.EventName ?? row.SpanName, item.name);
  assert.equal(row.TraceId, item.traceId);
  assert.equal(row.ServiceName, item.resource['service.name']);
  return Object.keys(item.attributes).length + Object.keys(item.resource).length;
}
