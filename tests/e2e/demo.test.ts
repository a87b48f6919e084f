/** The first command of the README, as people give it: `cargo xtask demo`, and with `--drive` a browser in a person's place. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { start, type Started } from './driver/processes.js';
import { site } from './driver/server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A visit takes half a minute; what is not built yet is built by the command itself, in minutes. */
const PATIENCE = 330_000;
/** Where shop and collector listen when nobody else does. */
const WANTED = [8080, 12347];

function demo(...args: string[]): Started & { ended: Promise<number | null> } {
  const program = process.env['FAROL_XTASK'] ?? join(root, 'target/debug/xtask');
  if (!existsSync(program)) throw new Error(`${program} is missing: cargo build -p xtask`);
  const running = start(program, ['demo', ...args], { cwd: root });
  return { ...running, ended: new Promise((done) => running.child.once('close', done)) };
}

/** The parent of a process; nothing of one that has ended, also where nobody has looked at its end yet. */
function parentOf(pid: number): number | undefined {
  try {
    const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}

/** Every living process below this one; nobody where the system has no such table. */
function below(ancestor: number): number[] {
  const all = existsSync('/proc/self/stat') ? readdirSync('/proc').map(Number).filter(Boolean) : [];
  const parents = all.map((pid) => [pid, parentOf(pid)] as const);
  const found = [ancestor];
  for (const of of found) found.push(...parents.flatMap(([pid, parent]) => (parent === of ? [pid] : [])));
  return found.slice(1);
}

const living = (pids: number[]): number[] => pids.filter((pid) => parentOf(pid) !== undefined);

const listens = (url: string): Promise<boolean> =>
  new Promise((told) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.once('error', () => told(false)).once('connect', () => told(Boolean(socket.destroy())));
  });

/** Holds the ports that the demo would like; who else holds one does as well. */
async function occupied(t: TestContext): Promise<void> {
  for (const port of WANTED) {
    const server = createServer();
    t.after(() => void server.close());
    await new Promise((done) => server.once('error', done).listen(port, '127.0.0.1', () => done(undefined)));
  }
}

test('a driven demo ends with 0 as all that the person did has come, and leaves no process', async () => {
  const running = demo('--drive');
  await running.line(/A headless browser/u, PATIENCE);
  const started = below(running.child.pid!);
  assert.equal(await running.ended, 0, running.output());
  assert.match(running.output(), /All of it came\./u);
  assert.deepEqual(living(started), []);
});

test('a demo finds free ports, shows what comes, hands it on by OTLP, and Ctrl-C ends all of it', async (t) => {
  await occupied(t);
  let handedOn = (): void => undefined;
  const came = new Promise<void>((done) => (handedOn = done));
  const otlp = await site((_, path) => {
    if (path === '/v1/logs') handedOn();
    return {};
  });
  t.after(() => otlp.close());
  const running = demo('--otlp', otlp.url);
  const [, shop] = await running.line(/The shop is at (http:\S+):/u, PATIENCE);
  const [, collector] = await running.line(/✓ collector {2}\((http:[^)]+)\)/u);
  const [, files] = await running.line(/OTLP files: (\S+)/u);
  for (const url of [shop!, collector!]) assert.ok(!WANTED.includes(Number(new URL(url).port)), url);
  assert.match(await (await fetch(shop!)).text(), /<script/u);

  const event = { name: 'lamp_lit', timestamp: new Date().toISOString() };
  const body = JSON.stringify({ meta: { app: { name: 'keepers-store' }, session: { id: 's1' } }, events: [event] });
  const answer = await fetch(`${collector!}/collect`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  assert.equal(answer.status, 202);
  await running.line(/lamp_lit/u);
  await came;

  const started = below(running.child.pid!);
  assert.ok(started.length >= 2 || !existsSync('/proc/self/stat'), `${started}`);
  assert.equal(await running.end('SIGINT'), 130, running.output());
  assert.deepEqual(living(started), []);
  assert.deepEqual(await Promise.all([shop!, collector!].map(listens)), [false, false]);
  assert.equal(existsSync(dirname(files!)), false);
});
