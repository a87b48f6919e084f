/** Two collectors behind haproxy, one killed under load and brought back, then the other: what was acknowledged arrives, and nobody has to give up. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { wait } from '../e2e/driver/wait.js';
import { removeAtExit, start } from '../e2e/driver/processes.js';
import { arrives, collector, deliver, folder, freePort, full, sink, type Collector } from './setting.js';

/** FAROL_HAPROXY, else the one in PATH. */
const HAPROXY = process.env['FAROL_HAPROXY'] ?? 'haproxy';

/** How a balancer that knows nothing of what it carries is set up: who does not answer its probe gets nothing. */
function settings(port: number, collectors: readonly Collector[]): string {
  const servers = collectors.map((one, n) => `  server c${n} ${one.url.slice('http://'.length)} check inter 200 fall 2 rise 1`);
  return `global
  maxconn 1000
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  option httpchk GET /-/ready
frontend public
  bind 127.0.0.1:${port}
  default_backend collectors
backend collectors
  balance roundrobin
${servers.join('\n')}
`;
}

test('two collectors behind a balancer, killed one after the other, lose nothing that they acknowledged', async () => {
  const [rate, lap] = full ? [400, 15_000] : [100, 1_500];
  const destination = await sink();
  const toml = `metrics_interval = "10s"\nallow_open = true\n[[destinations]]\nname = "sink"\ntype = "otlp_http"\nendpoint = "${destination.url}"\n`;
  const both = [await collector(toml), await collector(toml)];
  await Promise.all(both.map((one) => one.start()));
  const place = await folder();
  const port = await freePort();
  const file = join(place, 'haproxy.cfg');
  writeFileSync(file, settings(port, both));
  removeAtExit(place);
  const balancer = start(HAPROXY, ['-db', '-f', file]);
  const url = `http://127.0.0.1:${port}`;
  await wait(async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok ?? false, `haproxy:\n${balancer.output()}`, 10_000);

  const sending = deliver(url, rate, (lap * 5) / 1000);
  for (const one of both) {
    await pause(lap);
    await one.end('SIGKILL');
    await pause(lap);
    await one.start();
  }
  const sent = await sending;
  assert.equal(sent.given_up, 0, JSON.stringify(sent));
  assert.equal(sent.batches, (rate * lap * 5) / 1000);
  const came = await arrives(destination, sent, 60_000);
  assert.equal(came.nameless, 0);
  console.log(`sent ${JSON.stringify(sent)}, came ${JSON.stringify(came)}`);
  await Promise.all([...both.map((one) => one.end()), balancer.end(), destination.end()]);
});
