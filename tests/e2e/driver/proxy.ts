/**
 * The way between WebKitGTK and the servers of a test. WebDriver lists no requests, tells of no console and runs nothing before a page's own scripts:
 * here requests are noted, and documents get a first script, which their policy is made to allow.
 */
import { createHash } from 'node:crypto';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request } from './index.js';

export interface Proxy {
  port: number;
  /** Every request but preflights, oldest first. */
  requests: Request[];
  /** What runs in documents before their own scripts. */
  first: string;
  close(): void;
}

export async function startProxy(): Promise<Proxy> {
  const proxy: Proxy = { port: 0, requests: [], first: '', close: () => (server.closeAllConnections(), server.close()) };
  const server = createServer((incoming, outgoing) => void pass(proxy, incoming, outgoing));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}

async function pass(proxy: Proxy, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const headers = { ...incoming.headers };
  // A compressed document could not be written into.
  for (const name of ['proxy-connection', 'accept-encoding']) delete headers[name];
  const noted: Request = { method: incoming.method ?? 'GET', url: incoming.url ?? '', headers: headers as Record<string, string>, body: '', type: String(headers['sec-fetch-dest'] ?? ''), status: 0 };
  if (noted.method !== 'OPTIONS') proxy.requests.push(noted);
  const parts: Buffer[] = [];
  const on = ask(noted.url, { method: noted.method, headers, agent: false }, (answer) => {
    noted.status = answer.statusCode ?? 0;
    if (!proxy.first || !/^text\/html/.test(answer.headers['content-type'] ?? '') || noted.type === 'iframe') {
      outgoing.writeHead(noted.status, answer.headers);
      answer.pipe(outgoing);
      answer.on('aborted', () => outgoing.destroy());
      return;
    }
    const text: Buffer[] = [];
    answer.on('data', (part: Buffer) => text.push(part));
    answer.on('end', () => {
      const [body, policy] = withFirst(Buffer.concat(text).toString(), String(answer.headers['content-security-policy'] ?? ''), proxy.first);
      const { 'content-length': _, 'transfer-encoding': __, ...others } = answer.headers;
      outgoing.writeHead(noted.status, policy ? { ...others, 'content-security-policy': policy } : others).end(body);
    });
  });
  on.on('error', () => outgoing.destroy());
  // A page that gives up on an answer is seen by the server, as it would be without us.
  outgoing.on('close', () => on.destroy());
  incoming.on('data', (part: Buffer) => (parts.push(part), on.write(part)));
  incoming.on('end', () => {
    noted.body = Buffer.concat(parts).toString();
    on.end();
  });
  incoming.on('error', () => on.destroy());
}

/** A document with the script at its beginning, and a policy that allows it. */
function withFirst(text: string, policy: string, first: string): [text: string, policy: string] {
  const digest = `'sha256-${createHash('sha256').update(first).digest('base64')}'`;
  const named = /(^|;)\s*script-src /.test(policy) ? policy.replace(/script-src /, `script-src ${digest} `) : /default-src /.test(policy) ? `${policy}; script-src ${digest}` : policy;
  const start = /^(<!doctype html>)?(<html[^>]*>)?(<head>)?/i.exec(text)![0].length;
  return [`${text.slice(0, start)}<script>${first}</script>${text.slice(start)}`, named];
}
