/** A server that gives out the files of one folder and keeps what is posted to it, for any origin. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Batch {
  path: string;
  body: string;
}

export interface Sink {
  url: string;
  /** The first batch, past or to come, whose body fits; where none comes within two minutes, an error that says what came. */
  batch(fits: (body: string) => boolean): Promise<Batch>;
  close(): void;
}

const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

export async function listen(folder: string): Promise<Sink> {
  const batches: Batch[] = [];
  const waiting: { fits: (body: string) => boolean; done: (batch: Batch) => void }[] = [];

  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://sink').pathname;
    if (request.method === 'POST') {
      response.setHeader('access-control-allow-origin', '*');
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"accepted"}');
        const bytes = Buffer.concat(chunks);
        // What grew large before it was sent, as it does on a slow machine, comes packed.
        const body = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
        const batch = { path, body };
        batches.push(batch);
        for (const waiter of waiting) if (waiter.fits(batch.body)) waiter.done(batch);
      });
      return;
    }
    const file = join(folder, normalize(path));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batch(fits) {
      const known = batches.find((batch) => fits(batch.body));
      if (known) return Promise.resolve(known);
      return new Promise((done, fail) => {
        const late = setTimeout(() => fail(new Error(`no batch fits; there came ${JSON.stringify(batches, null, 1)}`)), 120_000);
        waiting.push({ fits, done: (batch) => (clearTimeout(late), done(batch)) });
      });
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
