/** A server of test pages: routes given as a function, with whatever headers, delays and origins a test wants. */
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as listener, type AddressInfo } from 'node:net';

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Resolves before the answer is sent: how a test makes an answer late without guessing at times. */
  after?: Promise<unknown>;
  /** Nothing is answered, and the connection is cut. */
  cut?: boolean;
}

export interface Site {
  url: string;
  /** Every request that came, oldest first. */
  seen: { method: string; path: string; headers: IncomingMessage['headers'] }[];
  close(): void;
}

/** Serves on a free loopback port. `route` gets method, path with query and headers; nothing returned is a 404. */
export async function site(
  route: (method: string, path: string, headers: IncomingMessage['headers']) => Reply | undefined | Promise<Reply | undefined>,
): Promise<Site> {
  const seen: Site['seen'] = [];
  const server = createServer(async (request, response) => {
    request.resume();
    const method = request.method ?? 'GET';
    const path = request.url ?? '/';
    seen.push({ method, path, headers: request.headers });
    const reply = (await route(method, path, request.headers)) ?? { status: 404, body: 'not found' };
    await reply.after;
    if (reply.cut) return void request.socket.destroy();
    response.writeHead(reply.status ?? 200, { 'cache-control': 'no-store', ...reply.headers }).end(reply.body ?? '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export const html = (body: string, headers: Record<string, string> = {}): Reply => ({
  headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
  body: `<!doctype html><html lang="en"><meta charset="utf-8"><title>test</title><link rel="icon" href="data:,">${body}</html>`,
});

export const script = (body: string | Buffer): Reply => ({ headers: { 'content-type': 'text/javascript; charset=utf-8' }, body });

/** A port that was free a moment ago, for what has to come back at the same address. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = listener();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
