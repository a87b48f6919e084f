/** OTLP/JSON lines as a flat list of items, so that a test can look one up by what it knows of it. */

export type Value = string | number | boolean | Value[] | { [key: string]: Value } | null;

export interface Item {
  signal: 'log' | 'span';
  /** The event name of a log record, the name of a span. */
  name: string;
  scope: string;
  body: Value;
  attributes: Record<string, Value>;
  resource: Record<string, Value>;
  severity: number;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  /** Epoch ms: the time of a record, the start of a span. */
  time: number;
  /** Epoch ms; spans only. */
  end: number;
  status: number;
  /** `farol.client.id` and `farol.item.sequence`, where they are known. */
  client: string;
  sequence: number;
}

interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
}
interface KeyValue {
  key: string;
  value?: AnyValue;
}

function value(any: AnyValue | undefined): Value {
  if (!any) return null;
  if (any.stringValue !== undefined) return any.stringValue;
  if (any.boolValue !== undefined) return any.boolValue;
  if (any.intValue !== undefined) return Number(any.intValue);
  if (any.doubleValue !== undefined) return any.doubleValue;
  if (any.arrayValue) return (any.arrayValue.values ?? []).map(value);
  if (any.kvlistValue) return map(any.kvlistValue.values);
  return null;
}

function map(list: KeyValue[] = []): Record<string, Value> {
  return Object.fromEntries(list.map((pair) => [pair.key, value(pair.value)]));
}

const ms = (nanos: string | undefined): number => (nanos ? Number(BigInt(nanos) / 1000n) / 1000 : 0);

/* eslint-disable-next-line -- the shape is OTLP's, read defensively by the fields that are used */
type Json = any;

/** The items of one export request (a line of logs.jsonl or traces.jsonl). */
export function flatten(request: Json): Item[] {
  const items: Item[] = [];
  for (const resource of [...(request.resourceLogs ?? []), ...(request.resourceSpans ?? [])]) {
    const of = map(resource.resource?.attributes);
    for (const scope of [...(resource.scopeLogs ?? []), ...(resource.scopeSpans ?? [])]) {
      for (const one of [...(scope.logRecords ?? []), ...(scope.spans ?? [])]) {
        const attributes = map(one.attributes);
        const isSpan = Boolean(scope.spans);
        items.push({
          signal: isSpan ? 'span' : 'log',
          name: (isSpan ? one.name : one.eventName) ?? '',
          scope: scope.scope?.name ?? '',
          body: value(one.body),
          attributes,
          resource: of,
          severity: one.severityNumber ?? 0,
          traceId: one.traceId ?? '',
          spanId: one.spanId ?? '',
          parentSpanId: one.parentSpanId ?? '',
          time: ms(isSpan ? one.startTimeUnixNano : one.timeUnixNano),
          end: ms(one.endTimeUnixNano),
          status: one.status?.code ?? 0,
          client: String(attributes['farol.client.id'] ?? ''),
          sequence: Number(attributes['farol.item.sequence'] ?? -1),
        });
      }
    }
  }
  return items;
}

/** What every client's numbering shows missing or twice: empty when all that was sealed came once. */
export function gaps(items: Item[]): string[] {
  const clients = new Map<string, Map<number, number>>();
  for (const item of items) {
    if (!item.client) continue;
    const seen = clients.get(item.client) ?? new Map<number, number>();
    clients.set(item.client, seen.set(item.sequence, (seen.get(item.sequence) ?? 0) + 1));
  }
  const problems: string[] = [];
  for (const [client, seen] of clients) {
    const last = Math.max(...seen.keys());
    for (let n = 0; n <= last; n++) {
      const times = seen.get(n) ?? 0;
      if (times !== 1) problems.push(`client ${client}: item ${n} came ${times} times`);
    }
  }
  return problems;
}
