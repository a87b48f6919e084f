/** A collector with destinations under test, and beside them OTLP files of the same dialect: what was sent, item by item. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectorProgram } from '../../e2e/driver/collector.js';
import { wait } from '../../e2e/driver/wait.js';
import { flatten, type Item } from '../../e2e/driver/otlp.js';
import { collector, folder, type Collector } from '../../long/setting.js';

export interface Farol extends Collector {
  /** The folder of the OTLP files. */
  files: string;
  /** Log records and spans that the files hold, by their unique name. */
  items(): Map<string, Item>;
  /** Waits until the files hold so many. */
  until(count: number): Promise<Map<string, Item>>;
  /** What a destination refused for good. */
  deadLetters(destination: string): DeadLetter[];
  /** Waits until a destination has nothing pending. */
  drained(destination: string): Promise<void>;
}

export interface DeadLetter {
  code: string;
  detail?: string;
  items: number;
}

/** Its unique name. Records in the OpenTelemetry Collector's dialect have none, as its own have none; their lines differ in their times. */
export function nameOf(item: Item): string {
  return item.signal === 'span' ? `${item.traceId} ${item.spanId}` : String(item.attributes['log.record.uid'] ?? item.body);
}

/** `dialect` is that of the files; `toml` has the destinations, and settings before them. */
export async function farol(toml: string, dialect = 'semconv'): Promise<Farol> {
  const place = await folder();
  const files = join(place, 'sent');
  const beside = `[[destinations]]\nname = "sent"\ntype = "otlp_file"\npath = "${files}"\ndialect = "${dialect}"\n`;
  const one = await collector(`metrics_interval = "1s"\nmetrics_hold = "0s"\nscrub = { profile = "passthrough" }\n${toml}\n${beside}`);
  const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const items = (): Map<string, Item> => {
    const all = ['logs', 'traces'].flatMap((signal) => lines(join(files, `${signal}.jsonl`)));
    const flat = all.flatMap((line) => flatten(JSON.parse(line)));
    return new Map(flat.map((item) => [nameOf(item), item]));
  };
  return {
    ...one,
    files,
    items,
    async until(count) {
      await wait(async () => items().size >= count, `${count} items in the files`, 60_000);
      return items();
    },
    deadLetters: (destination) => lines(join(one.data, 'dead-letters', `${destination}.jsonl`)).map((line) => JSON.parse(line)),
    async drained(destination) {
      const pending = async (): Promise<boolean> => {
        const text = await (await fetch(`${one.url}/metrics`)).text();
        const line = text.split('\n').find((it) => it.startsWith(`farol_destination_items_pending{destination="${destination}"}`));
        return line?.endsWith(' 0') ?? false;
      };
      await wait(pending, `${destination} to have everything`, 120_000);
    },
  };
}

/** What a command of the collector's program said, and how it ended. */
export interface Said {
  code: number;
  out: string;
  err: string;
}

/** Runs the program once with these settings, in a folder of their own. That it fails is the caller's to judge. */
export async function program(args: readonly string[], toml: string): Promise<Said> {
  const config = join(await folder(), 'farol.toml');
  writeFileSync(config, `version = 1\n${toml}`);
  return new Promise((done, fail) =>
    execFile(collectorProgram(), [...args, '--config', config], (error, out, err) => {
      const code = error === null ? 0 : error.code;
      // One that did not run, or did not end by itself, has no code.
      if (typeof code === 'number') done({ code, out, err });
      else fail(error);
    }),
  );
}
