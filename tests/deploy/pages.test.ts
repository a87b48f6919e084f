/** What pages tell people to install and to type: it fits what is packed, what the programs take, and the machine that the page speaks of. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { list, root, text } from './files.js';

const pages = ['docs', 'docs/destinations', 'docs/runbooks'].flatMap((folder) => list(folder, '.md'));

/** The commands of a section: its indented lines. */
const commands = (page: string, section: string): string[] => {
  const [, rest] = text(page).split(`\n## ${section}\n`);
  return rest!.split('\n## ')[0]!.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.trim());
};

test('the steps of a service work one after the other where there is nothing but what Debian has', { skip: process.platform !== 'linux' }, () => {
  const unit = text('deploy/systemd/farol-collector.service');
  const [program, settings] = /^ExecStart=(\S+) --config (\S+)$/mu.exec(unit)!.slice(1) as [string, string];
  const data = `/var/lib/${/^StateDirectory=(.*)$/mu.exec(unit)![1]!}`;
  const scratch = mkdtempSync(join(tmpdir(), 'farol-service-'));
  try {
    const machine = join(scratch, 'machine');
    // Debian's systemd has a folder for units of one's own, and none for users.
    for (const folder of ['usr/local/bin', 'usr/local/share', 'etc/systemd/system']) mkdirSync(join(machine, folder), { recursive: true });
    // As `cargo xtask dist` packs it, with programs that note how they were called.
    const noting = (path: string, more = ''): void => {
      writeFileSync(path, `#!/bin/sh\necho "\${0##*/} $*" >> '${scratch}/called'\n${more}`);
      chmodSync(path, 0o755);
    };
    const packed = join(scratch, 'farol-collector-0.0.0-here');
    mkdirSync(join(packed, 'sdk'), { recursive: true });
    writeFileSync(join(packed, 'sdk/farol.js'), '');
    cpSync(join(root, 'deploy/systemd'), join(packed, 'systemd'), { recursive: true });
    noting(join(packed, 'farol-collector'), '[ "$1" = init ] && echo > farol.toml\n');
    for (const name of ['systemd-sysusers', 'systemctl']) noting(join(machine, 'usr/local/bin', name));
    assert.equal(spawnSync('tar', ['-czf', 'farol-collector-0.0.0-here.tar.gz', 'farol-collector-0.0.0-here'], { cwd: scratch }).status, 0);
    rmSync(packed, { recursive: true });
    const steps = commands('docs/operating.md', 'A service').map((line) => line.replace(/ +# .*$/u, ''));
    assert.ok(steps.length > 6, steps.join('\n'));
    // The folder of data is the unit's to make, and nobody's here.
    const here = steps.map((line) => line.replaceAll(/ -g \w+/gu, '').replaceAll(/ (\/(?:usr|etc)\/)/gu, ` ${machine}$1`));
    const env = { ...process.env, PATH: `${join(machine, 'usr/local/bin')}:${process.env.PATH}` };
    const done = spawnSync('sh', ['-ec', here.join('\n')], { cwd: scratch, env, encoding: 'utf8' });
    assert.deepEqual([done.status, done.stderr], [0, ''], done.stdout);
    for (const path of [program, settings, '/etc/sysusers.d/farol.conf', '/etc/systemd/system/farol-collector.service', '/usr/local/share/farol/sdk/farol.js']) {
      assert.ok(existsSync(join(machine, path)), path);
    }
    const called = readFileSync(join(scratch, 'called'), 'utf8').trim().split('\n');
    assert.ok(called.some((it) => it.startsWith('farol-collector init ') && it.includes(`--data-dir ${data}`)), called.join('; '));
    // Its questions would take the lines behind it for answers.
    assert.ok(called.every((it) => !it.startsWith('farol-collector init ') || it.includes(' --yes')), called.join('; '));
    // Before there is the group nothing can be given to it.
    const group = steps.findIndex((line) => line.includes('systemd-sysusers'));
    assert.ok(steps.findIndex((line) => line.includes(' -g farol')) > group);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("the folder of the SDK's files is everywhere the one that the install makes", () => {
  const installed = /^const INSTALLED_SDK: &str = "(.*)";$/mu.exec(text('collector/src/cli/init.rs'))![1]!;
  const named = [...pages, 'README.md'].flatMap((page) => [...text(page).matchAll(/[\w/]*share\/farol\/sdk/gu)].map((match) => `${page}: ${match[0]}`));
  assert.ok(named.length > 2, named.join('; '));
  for (const it of named) assert.ok(it.endsWith(`: ${installed}`), it);
});

test('a page that has Prometheus read a key which came with 3.8 says so, beside it and above', () => {
  const scrapes = pages.filter((page) => /```yaml\n[^`]*scrape_native_histograms/u.test(text(page)));
  assert.ok(scrapes.length > 0);
  for (const page of scrapes) {
    const [before, ...blocks] = text(page).split('```yaml\n');
    assert.match(before!, /`scrape_native_histograms`[^\n]* 3\.8/u, page);
    for (const line of blocks.join('').split('\n').filter((it) => it.includes('scrape_native_histograms:'))) assert.match(line, /# from 3\.8 on/u, page);
  }
});

/** Whether a version is within a range, of the forms that the lock file has. */
const within = (version: readonly number[], range: string): boolean =>
  range.split('||').some((all) => all.replaceAll(/([<>=^~])\s+/gu, '$1').trim().split(/\s+/u).every((one) => {
    const match = /^(>=|>|<=|<|=|\^|~)?(\*|\d+(?:\.\d+)*)(?:\.[x*])*$/u.exec(one);
    assert.ok(match, `a range of another form: ${range}`);
    const [, sign = '=', number] = match;
    const parts = number === '*' ? [] : number!.split('.').map(Number);
    const off = [0, 1, 2].map((at) => version[at]! - (parts[at] ?? 0)).find((it) => it !== 0) ?? 0;
    const same = (count: number): boolean => parts.slice(0, count).every((it, at) => it === version[at]);
    switch (sign) {
      case '>=': return off >= 0;
      case '>': return off > 0;
      case '<=': return off <= 0;
      case '<': return off < 0;
      // Of 0.x other rules hold, which no Node is.
      case '^': return off >= 0 && same(1);
      case '~': return off >= 0 && same(2);
      default: return same(3);
    }
  }));

test('ranges of versions are read', () => {
  for (const range of ['*', '20', '20 || >=22', '>= 0.4', '^20.19.0 || >=22.12.0', '>=9.3.0 || >=8.10.0 <9.0.0', '>=0.8.x', '~20.19.0']) assert.ok(within([20, 19, 0], range), range);
  for (const range of ['22', '<20.19.0', '>20.19.0', '^18.19.0 || >=20.19.1', '>=8.10.0 <9.0.0', '20.18.x', '~20.18.0', '^22.0.0']) assert.ok(!within([20, 19, 0], range), range);
});

test('the oldest Node that people are told to have runs every package of the lock file', () => {
  const own = (JSON.parse(text('package.json')) as { engines: { node: string } }).engines.node;
  const oldest = [...own.matchAll(/(\d+)\.(\d+)\.(\d+)/gu)].map((match) => match.slice(1).map(Number));
  assert.ok(oldest.length > 0, own);
  const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, { optional?: boolean; engines?: { node?: string } }> };
  assert.equal(packages['']!.engines!.node, own);
  const wanted = Object.entries(packages).filter(([, it]) => it.optional !== true).map(([name, it]) => [name, it.engines?.node ?? '*'] as const);
  assert.ok(wanted.length > 50, String(wanted.length));
  for (const version of oldest) for (const [name, range] of wanted) assert.ok(within(version, range), `${name} wants ${range}, not ${version.join('.')}`);
  const said = `${oldest.map(([major, minor]) => `${major}.${minor}`).join(', ')} or newer`;
  assert.match(text('README.md'), new RegExp(`\\[Node\\]\\([^)]*\\) ${said}`, 'u'));
  assert.ok(text('CONTRIBUTING.md').includes(`Node ${said}`));
  assert.ok(text('xtask/src/setup.rs').includes(`Node.js ${said}`));
});

test("docs/sdk.md has the size of the worker's file as it is", () => {
  const brotli = Number(/^\| worker\.js \|.*\| (\d+) \|$/mu.exec(text('docs/size.md'))![1]);
  assert.ok(text('docs/sdk.md').includes(`${(brotli / 1000).toFixed(1)} KB ([\`worker.js\`](size.md))`), String(brotli));
});
