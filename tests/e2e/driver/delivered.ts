/** What the collector wrote to the OTLP files of a data folder, read while it writes. */
import { existsSync, readFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { flatten, type Item } from './otlp.js';

/** Every log record and span so far. */
export function delivered(data: string): Item[] {
  return ['logs', 'traces'].flatMap((signal) => {
    const file = join(data, 'otlp', `${signal}.jsonl`);
    if (!existsSync(file)) return [];
    // The last line may be in the making.
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.flatMap((line) => flatten(JSON.parse(line)));
  });
}

/** Waits until `done` holds of what came; at the end of the time it gives what is there. */
export async function deliveredUntil(data: string, done: (items: Item[]) => boolean, ms: number): Promise<{ items: Item[]; done: boolean }> {
  const giveUp = AbortSignal.timeout(ms);
  const folder = join(data, 'otlp');
  for (;;) {
    const late = giveUp.aborted;
    const items = delivered(data);
    if (done(items)) return { items, done: true };
    if (late) return { items, done: false };
    try {
      const changes = watch(existsSync(folder) ? folder : data, { signal: AbortSignal.any([giveUp, AbortSignal.timeout(250)]) });
      for await (const _ of changes) break;
    } catch {
      // A quarter of a second without a change, or the end: look again, once more after the end.
    }
  }
}
