/** Between a collector and a server that speaks gRPC without TLS: one call is one stream, with trailers. */
import { connect, createServer, type IncomingHttpHeaders, type Http2Stream, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { held, listening, Plan, type Proxy } from './plan.js';

const [UNAVAILABLE, INTERNAL] = ['14', '13'];

/** google.rpc.Status with RetryInfo of one second, as `grpc-status-details-bin` carries it. */
function waitASecond(): string {
  const field = (tag: number, inner: Buffer): Buffer => Buffer.concat([Buffer.from([tag, inner.length]), inner]);
  const delay = field(0x0a, Buffer.from([0x08, 1]));
  const any = Buffer.concat([field(0x0a, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(0x12, delay)]);
  return Buffer.concat([Buffer.from([0x08, Number(UNAVAILABLE)]), field(0x1a, any)]).toString('base64');
}

async function whole(stream: Http2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What may be said on with a call. */
const plain = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':') || [':method', ':path'].includes(name)));

interface Answer {
  head: IncomingHttpHeaders;
  body: Buffer;
  trailers: IncomingHttpHeaders | undefined;
}

export async function grpcProxy(to: number): Promise<Proxy> {
  const plan = new Plan();
  const sessions = new Set<ServerHttp2Session>();
  const target = `http://127.0.0.1:${to}`;
  const pass = (headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> =>
    new Promise((done, fail) => {
      const session = connect(target);
      session.once('error', fail);
      const call = session.request(plain(headers));
      let head: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders | undefined;
      call.once('response', (it) => (head = it)).once('trailers', (it) => (trailers = it)).once('error', fail);
      whole(call).then((read) => done({ head, body: read, trailers }), fail).finally(() => session.close());
      call.end(body);
    });
  const half = (headers: IncomingHttpHeaders, body: Buffer): Promise<void> =>
    new Promise((done) => {
      const session = connect(target);
      session.once('error', () => done()).once('close', () => done());
      const call = session.request(plain(headers));
      call.once('error', () => {});
      call.write(body.subarray(0, body.length / 2), () => session.destroy());
    });
  const refuse = (stream: ServerHttp2Stream, status: string, more = {}): void =>
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status, ...more }, { endStream: true });
  const serve = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    const body = await whole(stream);
    const fault = plan.next();
    if (fault === 'busy') return refuse(stream, UNAVAILABLE, { 'grpc-status-details-bin': waitASecond() });
    if (fault === 'broken') return refuse(stream, INTERNAL);
    if (fault === 'cut') {
      await half(headers, body);
      return stream.session?.destroy();
    }
    const answer = await pass(headers, body);
    if (fault === 'lost') return stream.session?.destroy();
    await held(fault);
    if (stream.destroyed) return;
    const { trailers } = answer;
    if (trailers) stream.once('wantTrailers', () => stream.sendTrailers(plain(trailers)));
    stream.respond({ ...plain(answer.head), ':status': Number(answer.head[':status'] ?? 502) }, { waitForTrailers: trailers !== undefined });
    stream.end(answer.body);
  };
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.unref();
    session.once('close', () => sessions.delete(session)).on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    serve(stream, headers).catch(() => stream.session?.destroy());
  });
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
        for (const session of sessions) session.destroy();
      }),
  };
}
