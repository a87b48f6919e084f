/** Between a collector and a server with a protocol of its own: bytes pass, and a request that counts is known by where it begins. Such a server cannot be made to say 429 or 500. */
import { connect, createServer, type Socket } from 'node:net';
import { held, listening, Plan, type Fault, type Proxy } from './plan.js';

/** Of one connection: whether a request that delivers begins in these bytes. */
export type Spot = (chunk: Buffer, answered: boolean) => boolean;

/** The Forward protocol: a message, and the next one after its acknowledgement. */
export const forward = (): Spot => {
  let first = true;
  return (_, answered) => {
    const begins = first || answered;
    first = false;
    return begins;
  };
};

/** Kafka: frames of a length and a kind of request, of which produce is 0. */
export const produce = (): Spot => {
  const [LENGTH, HEAD, PRODUCE] = [4, 6, 0];
  let rest: Buffer = Buffer.alloc(0);
  let skip = 0;
  return (chunk) => {
    let begins = false;
    let bytes = Buffer.concat([rest, chunk]);
    for (;;) {
      const gone = Math.min(skip, bytes.length);
      skip -= gone;
      bytes = bytes.subarray(gone);
      if (bytes.length < HEAD) break;
      begins ||= bytes.readInt16BE(LENGTH) === PRODUCE;
      skip = LENGTH + bytes.readInt32BE(0);
    }
    rest = bytes;
    return begins;
  };
};

export async function tcpProxy(to: number, spot: () => Spot): Promise<Proxy> {
  const plan = new Plan();
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const peer = connect(to, '127.0.0.1');
    const begins = spot();
    let [answered, fault] = [false, undefined as Fault | undefined];
    const end = (): void => {
      client.destroy();
      peer.destroy();
    };
    for (const socket of [client, peer]) {
      open.add(socket);
      socket.unref();
      socket.setNoDelay(true);
      socket.once('error', end).once('close', () => {
        open.delete(socket);
        end();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (begins(chunk, answered)) fault = plan.next();
      answered = false;
      if (fault === 'cut') peer.write(chunk.subarray(0, chunk.length / 2), end);
      else peer.write(chunk);
    });
    // One answer after the other, though one is held back.
    let before = Promise.resolve();
    peer.on('data', (chunk: Buffer) => {
      if (fault === 'lost') return end();
      const of = fault;
      [answered, fault] = [true, undefined];
      before = before.then(() => held(of)).then(() => void client.write(chunk));
    });
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
        for (const socket of open) socket.destroy();
      }),
  };
}
