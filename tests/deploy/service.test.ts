/** The collector as a service and in a container: whatever program starts there finds the same settings and the same folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { list, text, yaml } from './files.js';

test('what the unit checks before a start is what it starts with', () => {
  const unit = text('deploy/systemd/farol-collector.service');
  const said = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gmu'))].map((match) => match[1]!);
  assert.deepEqual(said('Environment'), [`FAROL_DATA_DIR=/var/lib/${said('StateDirectory')[0]}`]);
  const [before, start] = [said('ExecStartPre'), said('ExecStart')];
  assert.deepEqual(before, start.map((line) => line.replace('farol-collector ', 'farol-collector check-config ')));
});

test('the image is built in stages, of the whole workspace by default, and the program is all that the last one has', () => {
  const lines = text('deploy/container/Containerfile').replaceAll('\\\n', ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.join('\n').split(/^(?=FROM )/mu);
  assert.equal(stages.shift()?.trim(), 'ARG PROGRAM=built');
  const names = stages.map((it) => / AS (\w+)$/mu.exec(it)?.[1]);
  assert.deepEqual(names, ['built', 'given', 'program', undefined]);
  const [built, given, program, image] = stages as [string, string, string, string];
  const cargo = text('Cargo.toml');
  const members = /^members = (\[.*\])$/mu.exec(cargo)![1]!;
  for (const member of JSON.parse(members) as string[]) {
    assert.ok([...built.matchAll(/^COPY (\S+)\/ \1\/$/gmu)].some((match) => member === match[1] || member.startsWith(`${match[1]}/`)), member);
  }
  assert.match(built, /cargo build --release --locked -p farol-collector /u);
  const number = (it: string): number => Number(/(\d+)\.(\d+)/u.exec(it)!.slice(1).map((part) => part.padStart(4, '0')).join(''));
  assert.ok(number(/^FROM rust:(\S+)-alpine/u.exec(built)![1]!) >= number(/^rust-version = "(.*)"$/mu.exec(cargo)![1]!));
  // Both give the same to the last, which runs nothing.
  assert.match(built, /mkdir -p \/image\/data && cp target\/release\/farol-collector \/image\/\n/u);
  assert.match(given, /^COPY farol-collector \/image\/farol-collector\nCOPY data\/ \/image\/data\/$/mu);
  assert.equal(program.trim(), 'FROM ${PROGRAM} AS program');
  assert.match(image, /^FROM scratch\n/u);
  assert.doesNotMatch(image, /^(?:RUN|ADD) |^COPY (?!--from=program )/mu);
  // With the other the context is what dist leaves.
  for (const path of ['deploy/container/Containerfile', 'docs/operating.md']) {
    assert.match(text(path), /podman build [^\n]*-f deploy\/container\/Containerfile \.\n/u, path);
    assert.match(text(path), /PROGRAM=given[^]{0,80}target\/dist\/image/u, path);
  }
});

const seconds = (it: string): number => Number(/^(\d+)s$/u.exec(it)![1]);
const stopping = seconds(/^\| `shutdown_timeout` \| duration \| (\S+) \|/mu.exec(text('docs/collector.md'))![1]!);

test('whoever stops a container or the service waits longer than the collector takes to deliver, and to keep the rest', () => {
  for (const path of ['deploy/container/Containerfile', 'docs/operating.md']) {
    const runs = [...text(path).matchAll(/podman run [^\n]*/gu)].map((match) => match[0]);
    assert.ok(runs.length > 0, path);
    for (const run of runs) assert.ok(Number(/--stop-timeout=(\d+) /u.exec(run)?.[1] ?? 10) > stopping, `${path}: ${run}`);
  }
  assert.ok(seconds(/^TimeoutStopSec=(.*)$/mu.exec(text('deploy/systemd/farol-collector.service'))![1]!) > stopping);
  const { services } = yaml('deploy/compose/compose.yml') as { services: Record<string, { stop_grace_period?: string }> };
  assert.ok(seconds(services['farol-collector']!.stop_grace_period ?? '10s') > stopping);
});

test('a folder that a page of destinations names is one that unit and image let it write to, or that operators are told how to open', () => {
  const own = /^StateDirectory=(.*)$/mu.exec(text('deploy/systemd/farol-collector.service'))![1]!;
  const operating = text('docs/operating.md');
  let named = 0;
  for (const page of list('docs/destinations', '.md')) {
    for (const [, path] of text(page).matchAll(/^path = "([^"]*)"/gmu)) {
      named += 1;
      assert.match(path!, /^\//u, page);
      const opened = [...operating.matchAll(/ReadWritePaths=(\S+)/gu)].map((match) => match[1]!);
      assert.ok([`/var/lib/${own}`, ...opened].some((folder) => path!.startsWith(`${folder}/`)), `${page}: ${path}`);
    }
  }
  assert.ok(named > 1, String(named));
});

test('settings and folder of the image are those of each command in it', () => {
  const lines = text('deploy/container/Containerfile').replaceAll('\\\n', ' ').split('\n').filter((line) => !line.startsWith('#'));
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const variables = Object.fromEntries(of('ENV').flatMap((line) => line.split(' ')).map((it) => it.split('=') as [string, string]));
  assert.deepEqual(variables, { FAROL_CONFIG: '/etc/farol/farol.toml', FAROL_DATA_DIR: of('VOLUME')[0] });
  // An argument is known to its own command alone.
  for (const line of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'].flatMap(of)) assert.doesNotMatch(line, /--config|--data-dir/u, line);
});
