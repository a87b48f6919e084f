/**
 * `cargo xtask bench attack`: what others feel while the collector is attacked, and what it holds.
 *
 * Each attack runs at its full count and fixed rate beside good traffic (an open loop of 200 requests/s from another address), the collector on
 * one core, generator and attacker on the other. Bars: no good request refused, p99 of good traffic at most 50 ms, 96 MiB resident at most.
 * Options: --json, NAME… for some attacks alone, --seconds S of good traffic at least (default 10).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate, memory, OTHERS, output, program, RECEIVER, settings, start } from './server.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, seconds: { type: 'string', default: '10' } },
});

const GOOD = 200;
const BARS = { p99: 50, memory: 96 };
/** What an attack takes beyond its count and rate: time-outs of the collector's that it waits for. */
const AFTER = 8;

const load = program('farol-load');
const listed = (await output(OTHERS, [load, 'attack'])).trim().split('\n').map((line) => {
  const [name, count, rate] = line.split(' ');
  return { name: name!, count: Number(count), rate: Number(rate) };
});
const attacks = [{ name: 'none', count: 0, rate: 0 }, ...listed].filter(({ name }) => !positionals.length || positionals.includes(name));

const rows = [];
for (const attack of attacks) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-attack-'));
  try {
    const sink = await start(OTHERS, [load, 'sink']);
    const config = join(folder, 'farol.toml');
    writeFileSync(config, settings(join(folder, 'data'), sink.url, { top: 'admin_listen = "127.0.0.1:0"' }));
    const collector = await start(RECEIVER, [program('farol-collector'), '--config', config]);
    const seconds = Math.max(Number(options.seconds), attack.rate ? attack.count / attack.rate + AFTER : 0);
    const good = generate(`${collector.url}/collect/k1`, seconds, { rate: GOOD, connections: 32 });
    const bad = attack.rate ? output(OTHERS, [load, 'attack', attack.name, '--url', collector.url]) : Promise.resolve('{"answers":{}}');
    const [report, told] = await Promise.all([good, bad]);
    const { answers } = JSON.parse(told) as { answers: Record<string, number> };
    rows.push({
      ...attack, answers, p50: report.p50_ms, p99: report.p99_ms, refused: report.refused, memory: memory(collector.pid, 'VmHWM'),
    });
    const row = rows.at(-1)!;
    const met = row.p99 <= BARS.p99 && row.refused === 0 && row.memory <= BARS.memory;
    if (!options.json) {
      const what = attack.rate ? `${attack.count} at ${attack.rate}/s` : 'good traffic alone';
      const told = Object.entries(answers).map(([answer, n]) => `${answer} × ${n}`).join(', ');
      console.log(`${attack.name.padEnd(19)} ${what.padEnd(20)} good p50 ${row.p50.toFixed(1)} ms, p99 ${row.p99.toFixed(1)} ms, refused ${row.refused}; ${row.memory.toFixed(0)} MiB; ${met ? 'met' : 'MISSED'}; answered ${told || '-'}`);
    }
    await collector.stop();
    await sink.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
if (options.json) console.log(JSON.stringify({ good: GOOD, bars: BARS, attacks: rows }, null, 2));
process.exitCode = rows.every((row) => row.p99 <= BARS.p99 && row.refused === 0 && row.memory <= BARS.memory) ? 0 : 1;
