/** The collector as a service and in a container: whatever program starts there finds the same settings and the same folder. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { text } from './files.js';

test('what the unit checks before a start is what it starts with', () => {
  const unit = text('deploy/systemd/farol-collector.service');
  const said = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gmu'))].map((match) => match[1]!);
  assert.deepEqual(said('Environment'), [`FAROL_DATA_DIR=/var/lib/${said('StateDirectory')[0]}`]);
  const [before, start] = [said('ExecStartPre'), said('ExecStart')];
  assert.deepEqual(before, start.map((line) => line.replace('farol-collector ', 'farol-collector check-config ')));
});

test('settings and folder of the image are those of each command in it', () => {
  const lines = text('deploy/container/Containerfile').replaceAll('\\\n', ' ').split('\n').filter((line) => !line.startsWith('#'));
  const of = (name: string): string[] => lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  const variables = Object.fromEntries(of('ENV').flatMap((line) => line.split(' ')).map((it) => it.split('=') as [string, string]));
  assert.deepEqual(variables, { FAROL_CONFIG: '/etc/farol/farol.toml', FAROL_DATA_DIR: of('VOLUME')[0] });
  // An argument is known to its own command alone.
  for (const line of ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'].flatMap(of)) assert.doesNotMatch(line, /--config|--data-dir/u, line);
});
