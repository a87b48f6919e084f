/** A collector that keeps what pages send by the case that they name, and reads it as a list of what it holds. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Sink {
  url: string;
  /** What came of a case, in words: kind and name of each item. */
  of(name: string): Set<string>;
  close(): void;
}

type Item = Record<string, any>;

function* read(payload: Item): Generator<string> {
  for (const { name } of payload['events'] ?? []) yield `event ${String(name).replace(/^session_.*/, 'session')}`;
  for (const { message } of payload['logs'] ?? []) yield `log ${message}`;
  for (const { value } of payload['exceptions'] ?? []) yield `exception ${value}`;
  for (const { type, values } of payload['measurements'] ?? []) for (const name of Object.keys(values)) yield `measurement ${type} ${name}`;
  for (const { scopeSpans } of payload['traces']?.resourceSpans ?? []) {
    for (const { spans } of scopeSpans) {
      for (const { name, attributes } of spans) {
        const url = attributes?.find(({ key }: Item) => key === 'url.full')?.value.stringValue;
        yield url ? `request ${new URL(url).pathname}` : `span ${name}`;
      }
    }
  }
}

export async function sink(): Promise<Sink> {
  const kept = new Map<string, Set<string>>();
  const of = (name: string): Set<string> => kept.get(name) ?? kept.set(name, new Set()).get(name)!;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const query = new URL(request.url!, 'http://x').searchParams;
      const body = Buffer.concat(parts);
      if (request.method === 'POST') for (const line of read(JSON.parse(String(query.get('z') ? gunzipSync(body) : body)))) of(query.get('case')!).add(line);
      response.writeHead(202, { 'access-control-allow-origin': '*' }).end();
    });
    request.on('error', () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    of,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
