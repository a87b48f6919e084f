/** Between a collector and a server that speaks HTTP/1.1. Only POST and PUT meet faults: those deliver. */
import { createServer, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { held, listening, Plan, type Proxy } from './plan.js';

const DELIVERS = ['POST', 'PUT'];

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A request that was passed on, and how it was answered. */
export interface Passed {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  status: number;
}

/** `told` hears of each request that was passed on. */
export async function httpProxy(to: number, told: (passed: Passed) => void = () => {}): Promise<Proxy> {
  const plan = new Plan();
  const options = (request: IncomingMessage, body: Buffer): object => {
    const { 'transfer-encoding': _, ...headers } = request.headers;
    return { host: '127.0.0.1', port: to, method: request.method, path: request.url, headers: { ...headers, 'content-length': body.length }, agent: false };
  };
  const pass = (request: IncomingMessage, body: Buffer): Promise<Answer> =>
    new Promise((done, fail) => {
      const passed = ask(options(request, body), (answer) => {
        whole(answer).then((read) => done({ status: answer.statusCode ?? 502, headers: answer.headers, body: read }), fail);
      });
      passed.once('error', fail).end(body);
    });
  const half = (request: IncomingMessage, body: Buffer): Promise<void> =>
    new Promise((done) => {
      const passed = ask(options(request, body));
      passed.once('error', () => done()).once('close', () => done());
      passed.write(body.subarray(0, body.length / 2), () => passed.destroy());
    });
  const server = createServer((request, response) => {
    const serve = async (): Promise<void> => {
      const body = await whole(request);
      const fault = DELIVERS.includes(request.method ?? '') ? plan.next() : undefined;
      if (fault === 'busy') return void response.writeHead(429, { 'retry-after': '1' }).end('busy');
      if (fault === 'broken') return void response.writeHead(500).end('broken');
      if (fault === 'cut') {
        await half(request, body);
        return void request.socket.destroy();
      }
      const answer = await pass(request, body);
      told({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body, status: answer.status });
      if (fault === 'lost') return void request.socket.destroy();
      await held(fault);
      const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
      response.writeHead(answer.status, { ...headers, 'content-length': answer.body.length }).end(answer.body);
    };
    serve().catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => socket.unref());
  const port = await listening(server);
  // A test that failed ends all the same.
  server.unref();
  return {
    port,
    meet: (fault, count) => plan.meet(fault, count),
    open: () => listening(server, port),
    shut: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
