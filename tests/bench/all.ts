/**
 * `cargo xtask bench all`: every kind of destination but Kafka configured at once, and payloads at a fixed rate for a minute. Collector, generator and sinks share
 * the machine's cores. Options: --rate N (3000), --seconds S (60), --without NAME,… (destinations that are left
 * out: what the machine has no room for), --json.
 */
import { parseArgs } from 'node:util';
import { assertEverywhere, everywhere } from '../long/everywhere.js';
import { load } from '../long/setting.js';
import { BODIES, output, type Report } from './server.js';

/** The bars of the issue that asks for it: payloads a second, MiB of anonymous memory, seconds until every destination has all. */
const [RATE, MEMORY, PATIENCE] = [3_000, 128, 300];
const CONNECTIONS = 64;

const { values } = parseArgs({ options: { rate: { type: 'string', default: `${RATE}` }, seconds: { type: 'string', default: '60' }, without: { type: 'string', default: '' }, json: { type: 'boolean' } } });
const seconds = Number(values.seconds);

const all = await everywhere(undefined, values.without!.split(',').filter(Boolean));
await all.start();
let memory = 0;
const watch = setInterval(() => (memory = Math.max(memory, all.uses().memory)), 100);
const words = ['run', '--url', `${all.url}/collect`, '--seconds', values.seconds!, '--rate', values.rate!, '--connections', `${CONNECTIONS}`, '--bodies', BODIES];
const report = JSON.parse(await output(undefined, [load(), ...words])) as Report;
const ended = performance.now();
let problem: string | undefined;
let came = { logs: 0, spans: 0, copies: 0 };
try {
  await all.drained(PATIENCE * 1_000);
} catch (error) {
  problem = (error as Error).message;
}
const behind = (performance.now() - ended) / 1_000;
clearInterval(watch);
try {
  came = await assertEverywhere(all, report.items);
} catch (error) {
  problem ??= (error as Error).message;
}
const conversions = await all.conversions();
const cpu = await all.metric('process_cpu_seconds_total');
await all.stop();

const rate = report.accepted / Math.max(report.seconds, seconds);
/** Each record is converted once for each purpose, whoever wants it. Nothing is kept for Parquet, which gathers for a minute: it converts to bytes for itself. */
const once = Object.entries(conversions).every(([what, n]) => n <= report.accepted * (what.endsWith('bytes') && all.names.includes('parquet') ? 2 : 1));
const verdict = { rate: rate >= Number(values.rate) * 0.99 && report.refused === 0, memory: memory <= MEMORY, complete: problem === undefined, once };
if (values.json) console.log(JSON.stringify({ ...report, rate, memory, behind, cpu, came, conversions, verdict, problem }, null, 2));
else {
  const say = (met: boolean): string => (met ? 'met' : 'missed');
  console.log(`accepted ${rate.toFixed(0)} payloads/s for ${report.seconds.toFixed(0)} s, ${report.refused} refused, p50 ${report.p50_ms.toFixed(1)} ms, p99 ${report.p99_ms.toFixed(1)} ms (${say(verdict.rate)})`);
  console.log(`every item at every destination ${behind.toFixed(0)} s later: ${came.logs} log records, ${came.spans} spans, ${came.copies} copies (${say(verdict.complete)})${problem ? `: ${problem.slice(0, 2_000)}` : ''}`);
  console.log(`anonymous memory ${memory.toFixed(1)} MiB at most (${say(verdict.memory)}); ${cpu.toFixed(0)} CPU seconds`);
  console.log(`conversions of ${report.accepted} records: ${JSON.stringify(conversions)} (${say(verdict.once)})`);
}
process.exitCode = Object.values(verdict).every(Boolean) ? 0 : 1;
