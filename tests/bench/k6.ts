/** The ingest objectives as they were ordered: k6 at a constant arrival rate, bodies of about 20 KB, 60 s against the release collector, what is on by default and a database of places, with a receiver
 * behind it. `deploy/k6/ingest.js` holds the thresholds; memory is read here. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { program as found } from '../deploy/tools.js';
import { cpu, memory, OTHERS, pins, program, RECEIVER, root, settings, start } from './server.js';

/** docs/slo.md. */
const MOST_MEMORY = 512;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '600' }, json: { type: 'boolean', default: false } } });
const k6 = found('k6');
if (k6 === undefined) throw new Error('k6 is not at hand: `cargo xtask interop k6` builds it, or put it into PATH');

interface Summary {
  metrics: Record<string, Record<string, number>>;
}

const folder = mkdtempSync(join(tmpdir(), 'farol-k6-'));
const sink = await start(OTHERS, [program('farol-load'), 'sink']);
const config = join(folder, 'farol.toml');
writeFileSync(config, settings(join(folder, 'data'), sink.url));
const collector = await start(RECEIVER, [program('farol-collector'), '--config', config]);
try {
  const summary = join(folder, 'summary.json');
  const words = [k6, 'run', '--quiet', '--summary-export', summary, join(root, 'deploy/k6/ingest.js')];
  const [command, ...rest] = pins ? ['taskset', '-c', OTHERS, ...words] : words;
  const env = { ...process.env, FAROL_URL: collector.url, FAROL_KEY: 'k1', FAROL_ORIGIN: 'http://shop.example', FAROL_RATE: values.rate, FAROL_DURATION: `${values.seconds}s` };
  const before = cpu(collector.pid);
  const code = await new Promise<number>((done, fail) => {
    spawn(command!, rest, { env, stdio: ['ignore', 'ignore', 'inherit'] }).once('error', fail).once('exit', (it) => done(it ?? 1));
  });
  const used = cpu(collector.pid) - before;
  const { metrics } = JSON.parse(readFileSync(summary, 'utf8')) as Summary;
  const report = {
    k6: execFileSync(k6, ['version'], { encoding: 'utf8' }).trim().split(' ')[1],
    seconds: Number(values.seconds),
    requests: metrics.http_reqs!.count!,
    megabytes_a_second: metrics.farol_sent_bytes!.rate! / 1e6,
    p50_ms: metrics.http_req_duration!.med!,
    p95_ms: metrics.http_req_duration!['p(95)']!,
    p99_ms: metrics.http_req_duration!['p(99)']!,
    failed: metrics.http_req_failed!.value!,
    not_sent: metrics.dropped_iterations?.count ?? 0,
    memory_mib: memory(collector.pid, 'VmHWM'),
    collector_cpu_seconds: used,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(24)}${typeof value === 'number' ? Number(value.toFixed(4)) : value}\n`);
  // k6 says by its exit code whether its thresholds held.
  const held = code === 0 && report.memory_mib < MOST_MEMORY;
  if (!values.json) process.stdout.write(held ? 'every threshold held\n' : 'a threshold did not hold: P95 < 100 ms, errors < 0.1 %, > 10 MB/s, < 512 MB\n');
  process.exitCode = held ? 0 : 1;
} finally {
  await collector.stop();
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}
