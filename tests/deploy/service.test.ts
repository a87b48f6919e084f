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
