/** When two measurements of one page are the same. */
import assert from 'node:assert/strict';
import type { Vital } from './google.js';

export interface Both {
  google: Vital[];
  ours: Vital[];
}

export const RESTORED = 'back-forward-cache';

/** What each of the two reads off the clock itself, two frames after the page came back. */
const CLOCK = ['value', 'delta', 'first_byte_to_fcp', 'element_render_delay'];

/** Every report of the one is a report of the other, vital by vital in order: numbers to the last bit. Answers with the names. */
export function same({ google, ours }: Both): string {
  for (const name of ['cls', 'fcp', 'inp', 'lcp', 'ttfb']) {
    const theirs = google.filter((vital) => vital['name'] === name);
    const mine = ours.filter((vital) => vital['name'] === name);
    assert.equal(mine.length, theirs.length, `reports of ${name}:\n${JSON.stringify({ theirs, mine }, null, 1)}`);
    mine.forEach((vital, i) => {
      const expected: Vital = { ...theirs[i]!, id: vital['id']! };
      if (vital['navigation_type'] === RESTORED && (name === 'fcp' || name === 'lcp')) {
        for (const field of CLOCK) {
          if (!(field in expected)) continue;
          const apart = Math.abs(Number(vital[field]) - Number(expected[field]));
          assert.ok(apart <= 5, `${name} ${field} is ${vital[field]}, web-vitals has ${expected[field]}`);
          expected[field] = vital[field]!;
        }
      }
      assert.deepEqual(vital, expected);
      assert.match(String(vital['id']), /^v\d+-\d+-\d{13}$/);
      // One id as long as web-vitals keeps one.
      const first = theirs.findIndex((other) => other['id'] === theirs[i]!['id']);
      assert.equal(vital['id'], mine[first]!['id']);
    });
  }
  return [...new Set(google.map((vital) => vital['name']))].sort().join(' ');
}

export const last = (vitals: Vital[], name: string): Vital => vitals.findLast((vital) => vital['name'] === name)!;
