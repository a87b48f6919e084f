/** The server of the pages under measurement: one page, its script by name, and a collector that only reads and answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Pages {
  url: string;
  /** Requests to /collect since the last `reset`, and their bytes. */
  received(): { requests: number; bytes: number };
  reset(): void;
  close(): void;
}

const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,"><h1>bench</h1>';

export async function serve(scripts: Map<string, string>): Promise<Pages> {
  let requests = 0;
  let bytes = 0;
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://x').pathname;
    // With these two the page's clock has a resolution of 5 µs; without them 100 µs.
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    if (path === '/collect') {
      requests++;
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
      request.on('end', () => response.writeHead(202, { 'content-type': 'application/json' }).end('{}'));
    } else if (path === '/api') {
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'));
    } else if (scripts.has(path)) {
      response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(scripts.get(path));
    } else {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => ({ requests, bytes }),
    reset: () => void (requests = bytes = 0),
    close: () => void (server.closeAllConnections(), server.close()),
  };
}
