/** Open-loop latency: the highest rate that the collector holds, what latency is at half of it, and how long items take to their destination. Its settings are those of the throughput. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu, generate, OTHERS, program, RECEIVER, settings, start, usual, type Report, type Server } from './server.js';

/** Over this, generator and sink would be what is measured. */
const MOST_BUSY = 0.85;
/** A rate is held with no refusal and this p99, in ms. */
const HELD = 100;
/** The search ends when it knows the rate to this share. */
const GRAIN = 0.05;
/** Requests that are due at once wait for a connection; the latency counts from when they were due. */
const CONNECTIONS = 64;

export interface Latency {
  queue: string;
  /** Requests a second. */
  maximum: number;
  /** Why the search ended there: the collector, or the generator and the sink on the other core. */
  bound: 'collector' | 'load';
  half: { rate: number; p50: number; p95: number; p99: number };
  /** From arrival to the sink's receipt, at half of the maximum. */
  receipt: { p50: number; p95: number };
}

interface Try extends Report {
  /** Processor time of generator and sink over time. */
  others: number;
  receipt: { p50_ms: number; p95_ms: number };
}

/**
 * Whether p99 at half of the maximum is within its bar. Where generator and sink could do no more the maximum is higher than what was held, and p99 at half of that is at least this: it
 * can be over the bar, and not within it. What was held for seconds alone is no maximum, nor is half of it.
 */
export function met({ bound, half }: Pick<Latency, 'bound' | 'half'>, bar: number, whole: boolean): boolean | undefined {
  if (!whole) return undefined;
  if (half.p99 > bar) return false;
  return bound === 'collector' ? true : undefined;
}

export async function latency(queue: string, seconds: number, step: (line: string) => void): Promise<Latency> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-latency-'));
  try {
    const at = async (rate: number, time: number): Promise<Try> => {
      const tried = await once(folder, queue, rate, time);
      step(`${queue} queue, ${rate.toFixed(0)}/s: p99 ${tried.p99_ms.toFixed(1)} ms, refused ${tried.refused}, generator and sink ${(tried.others * 100).toFixed(0)} % busy`);
      return tried;
    };
    let bound: Latency['bound'] = 'collector';
    const holds = async (rate: number, time: number): Promise<boolean> => {
      const tried = await at(rate, time);
      // A void run says nothing of the collector beyond; what was held below it stands.
      const isVoid = tried.others > MOST_BUSY;
      if (isVoid) bound = 'load';
      const held = !isVoid && tried.refused === 0 && tried.p99_ms < HELD && tried.accepted > rate * time * 0.99;
      if (!held && !isVoid) bound = 'collector';
      return held;
    };
    let [low, high] = [500, 1_000];
    const quick = Math.min(3, seconds);
    while (await holds(high, quick)) [low, high] = [high, high * 2];
    while (high - low > GRAIN * high) {
      const middle = (low + high) / 2;
      if (await holds(middle, quick)) low = middle;
      else high = middle;
    }
    // Short tries flatter; the rate counts that is held for the whole time.
    while (!(await holds(low, seconds)) && low > 100) low *= 1 - GRAIN;
    const half = await at(low / 2, seconds);
    return {
      queue,
      maximum: low,
      bound,
      half: { rate: low / 2, p50: half.p50_ms, p95: half.p95_ms, p99: half.p99_ms },
      receipt: { p50: half.receipt.p50_ms, p95: half.receipt.p95_ms },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let tries = 0;

async function once(folder: string, queue: string, rate: number, seconds: number): Promise<Try> {
  const servers: Server[] = [];
  try {
    const sink = await start(OTHERS, [program('farol-load'), 'sink', '--receipts']);
    servers.push(sink);
    const name = join(folder, `${++tries}`);
    writeFileSync(`${name}.toml`, settings(name, sink.url, usual(queue)));
    const collector = await start(RECEIVER, [program('farol-collector'), '--config', `${name}.toml`]);
    servers.unshift(collector);
    const before = cpu(sink.pid);
    const report = await generate(`${collector.url}/collect/k1`, seconds, { rate, connections: CONNECTIONS });
    const others = report.busy + (cpu(sink.pid) - before) / report.seconds;
    const receipt = (await (await fetch(`${sink.url}/receipts`)).json()) as Try['receipt'];
    return { ...report, others, receipt };
  } finally {
    for (const server of servers) await server.stop();
    rmSync(join(folder, `${tries}`), { recursive: true, force: true });
  }
}
