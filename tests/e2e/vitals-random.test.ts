/**
 * Each vital beside Google's web-vitals on random pages: entries, interactions, visibility, the back/forward cache and
 * prerendering in any order and at any time, in a browser made up in Node. Reports are the same to the last bit.
 *
 * FAROL_SEED plays one page again; FAROL_PAGES says how many.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { build } from 'esbuild';
import { FakeBrowser, type Entry, type Like } from './vitals/fake.js';
import type { Vital } from './vitals/google.js';
import { RESTORED, same } from './vitals/same.js';

const PAGES = Number(process.env['FAROL_PAGES'] ?? (process.env['FAROL_FULL'] ? 5000 : 300));
const entryPoint = fileURLToPath(new URL('vitals/both.ts', import.meta.url));
let both: Script;

before(async () => {
  const result = await build({ entryPoints: [entryPoint], bundle: true, write: false, format: 'iife', logLevel: 'warning' });
  both = new Script(result.outputFiles[0]!.text);
});

/** Mulberry32: pages can be played again. */
class Dice {
  constructor(private state: number) {}
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  /** As clocks give them: tenths of a millisecond. */
  ms(most: number): number {
    return this.below(most * 10) / 10;
  }
}

/** One page from its start to its end. */
class Visitor {
  readonly fake: FakeBrowser;
  private readonly counts: boolean;
  private navigations = 0;
  private interactions = 0;
  private hidden = false;
  private painted = false;
  /** It was painted before it was hidden. */
  private visible = false;
  private everHidden = false;
  /** The end of the last long animation frame. */
  private framed = 0;

  constructor(private readonly dice: Dice, private readonly soft: boolean, like: Like) {
    // What makes no events counts no interactions.
    this.counts = dice.chance(0.5) && like !== 'safari 15';
    this.fake = new FakeBrowser(this.counts, this.soft, like);
    const { navigation, document } = this.fake;
    navigation.type = dice.of(['navigate', 'reload', 'back_forward', 'prerender']);
    navigation['responseStart'] = dice.of([0, 0.7, 12.3, 150.1]);
    for (const key of ['workerStart', 'fetchStart', 'domainLookupStart', 'connectStart', 'connectEnd']) navigation[key] = dice.of([0, 0.1, 0.3, 3.7]);
    document['wasDiscarded'] = dice.chance(0.1);
    if (dice.chance(0.15)) document['prerendering'] = true;
    if (document['prerendering'] || dice.chance(0.1)) this.see('hidden');
    if (dice.chance(0.1)) this.remember();
  }

  private see(state: 'visible' | 'hidden'): void {
    this.fake.document['visibilityState'] = state;
    this.hidden = state === 'hidden';
    this.everHidden ||= this.hidden;
  }

  /** It was hidden before anyone listened. */
  private remember(): void {
    this.everHidden = true;
    this.entry('visibility-state', { name: 'hidden', startTime: this.dice.ms(3) });
  }

  private entry(entryType: string, fields: Partial<Entry>): void {
    this.fake.make({ entryType, name: '', startTime: this.fake.now, duration: 0, ...fields });
  }

  private node(): object | null {
    const { dice, fake } = this;
    if (dice.chance(0.15)) return null;
    let node: object = fake.document;
    for (let depth = dice.below(6); depth >= 0; depth--) {
      node = {
        nodeType: dice.chance(0.9) ? 1 : 3,
        nodeName: dice.of(['DIV', 'P', '#text', 'svg', 'A-VERY-LONG-CUSTOM-ELEMENT-NAME']),
        id: dice.chance(0.1) ? 'id' + dice.below(9) : '',
        classList: dice.chance(0.4) ? ['z', 'b', 'a'].slice(dice.below(3)) : undefined,
        parentNode: node,
      };
    }
    return node;
  }

  /** One thing that happens. */
  async step(): Promise<void> {
    const { dice, fake } = this;
    fake.pass(dice.of([0.1, dice.ms(20), dice.ms(400), dice.chance(0.2) ? dice.ms(3000) : 5]));
    const what = dice.below(this.soft ? 23 : 20);
    if (what < 4) this.shifts();
    else if (what < 9) this.interact();
    else if (what < 10) this.frame();
    else if (what < 11) this.largest();
    else if (what < 12) this.load();
    else if (what < 13 && !this.painted) this.paint();
    else if (what < 14) this.input();
    else if (what < 15) await this.visibility();
    else if (what < 16 && dice.chance(0.3)) await this.restore();
    else if (what < 17) fake.paint();
    else if (what < 18) fake.beIdle();
    else if (what >= 21) dice.chance(0.5) ? this.paintAfter() : this.navigate();
    // Else things pile up.
    if (dice.chance(0.6) || fake.prompt) await fake.deliver();
    if (dice.chance(0.3)) fake.beIdle();
    await null;
  }

  private shifts(): void {
    const { dice } = this;
    for (let count = 1 + dice.below(3); count > 0; count--) {
      const sources = Array.from({ length: dice.below(4) }, () => ({ node: this.node() }));
      this.entry('layout-shift', { value: dice.of([0, 0.01, 0.1, dice.next() / 3]), hadRecentInput: dice.chance(0.2), sources });
      if (dice.chance(0.3)) this.fake.pass(dice.of([900, 999.9, 1000, 1300]));
    }
  }

  private interact(): void {
    const { dice, fake } = this;
    if (dice.chance(0.1)) this.quick(10 + dice.below(60));
    const duration = dice.of([8, 16, 40, 48, 104, 200, 8 * dice.below(60)]);
    const startTime = Math.max(0.1, fake.now - duration - dice.of([0, 0.1, 4, 20]));
    const id = dice.chance(0.2) ? 0 : 7 * (dice.chance(0.3) ? Math.max(1, this.interactions) : this.quick(1));
    for (let count = 1 + dice.below(3); count > 0; count--) {
      const processingStart = startTime + dice.ms(duration + 1);
      const fields = {
        name: dice.of(['pointerdown', 'click', 'keydown', 'keyup', 'mouseover']),
        startTime: startTime + dice.of([0, 0, 0.1, 3]),
        duration: dice.chance(0.8) ? duration : duration + 8,
        processingStart,
        processingEnd: processingStart + dice.ms(dice.of([1, 30, duration + 20])),
        interactionId: dice.chance(0.8) ? id : 0,
        target: this.node(),
        targetSelector: dice.chance(0.2) ? 'html>body' : undefined,
      };
      // The first interaction has an entry of its own.
      if (id === 7) this.entry('first-input', fields);
      if (fields.duration >= 16) this.entry('event', fields);
    }
    if (dice.chance(0.4)) this.frame();
  }

  /** So many interactions that are too short for an entry. Answers with their number in all. */
  private quick(count: number): number {
    this.interactions += count;
    if (this.counts) this.fake.performance['interactionCount'] = this.interactions;
    return this.interactions;
  }

  private frame(): void {
    const { dice, fake } = this;
    // One after the other, each at least 50 ms long.
    const startTime = Math.max(this.framed, fake.now - 50 - dice.ms(200));
    const duration = fake.now - startTime;
    if (duration < 50) return;
    this.framed = fake.now;
    const scripts = Array.from({ length: dice.below(4) }, () => ({
      startTime: startTime + dice.ms(duration), duration: dice.of([0, dice.ms(duration)]), forcedStyleAndLayoutDuration: dice.of([0, dice.ms(10)]),
      invokerType: dice.of(['event-listener', 'user-callback']), invoker: dice.of(['BUTTON.onclick', '']), sourceURL: dice.of(['https://shop.test/a.js', '']),
      sourceFunctionName: dice.of(['run', '']), sourceCharPosition: dice.below(999),
    }));
    this.entry('long-animation-frame', { startTime, duration, styleAndLayoutStart: dice.of([0, startTime + dice.ms(duration)]), scripts });
  }

  private largest(): void {
    const { dice, fake } = this;
    const url = dice.chance(0.6) ? `https://shop.test/${dice.below(3)}.webp` : '';
    if (dice.chance(0.7)) {
      const startTime = Math.max(0, fake.now - dice.ms(300));
      this.entry('resource', {
        name: url || 'https://shop.test/0.webp', startTime, requestStart: dice.of([0, startTime + 1]), responseEnd: fake.now + dice.of([0, 50]),
        initiatorType: 'img', deliveryType: dice.of(['', 'cache']),
      });
    }
    this.entry('largest-contentful-paint', { startTime: fake.now - dice.of([0, 0.1]), element: this.node(), id: dice.of(['', 'gone']), url });
  }

  /** A navigation within the document, with or without its first large paint; its shifts and events come in any order with it. */
  private navigate(): void {
    const { dice, fake } = this;
    // Nobody has seen anything yet that could be interacted with; or web-vitals would go through all shifts again once the cache gives it an FCP.
    // Nor does anyone navigate within the two frames after a restoration.
    const measured = fake.context['google'] as Vital[] | undefined;
    if (!this.visible || measured?.every(({ name }) => name !== 'fcp') || fake.awaitsFrame()) return;
    if (dice.chance(0.5)) this.interact();
    const startTime = Math.max(0.1, fake.now - dice.ms(500));
    const interactionId = 7 * this.quick(1);
    const painted = dice.chance(0.8) ? this.painting(startTime, interactionId) : null;
    const paint = { paintTime: dice.of([0, fake.now - 4]), presentationTime: dice.of([0, fake.now]) };
    this.entry('soft-navigation', {
      name: `https://shop.test/${++this.navigations}`, startTime, duration: fake.now - startTime, navigationId: 100 + this.navigations, interactionId, ...paint,
      getLargestInteractionContentfulPaint: () => painted,
    });
    if (dice.chance(0.3)) this.shifts();
  }

  /** What was painted after an interaction: of this navigation, or of another. */
  private painting(startTime: number, interactionId: number): Entry {
    const { dice, fake } = this;
    const url = dice.chance(0.6) ? `https://shop.test/${dice.below(3)}.webp` : '';
    const renderTime = fake.now - dice.of([0, 0.1, 30]);
    const shown = dice.chance(0.95) ? { startTime: renderTime, renderTime, element: this.node(), id: dice.of(['', 'gone']), url } : null;
    return { entryType: 'interaction-contentful-paint', name: '', startTime, duration: fake.now - startTime, interactionId, largestContentfulPaint: shown };
  }

  private paintAfter(): void {
    const { dice, fake } = this;
    const { startTime, interactionId } = this.fake.latest('soft-navigation') ?? { startTime: 1, interactionId: 7 };
    fake.make(this.painting(startTime, (interactionId as number) + dice.of([0, 0, 0, 7])));
  }

  private paint(): void {
    this.painted = true;
    this.visible = !this.everHidden;
    if (this.dice.chance(0.5)) this.entry('paint', { name: 'first-paint' });
    this.entry('paint', { name: 'first-contentful-paint' });
  }

  private load(): void {
    const { fake } = this;
    const { document, navigation } = fake;
    if (document['readyState'] === 'loading') {
      document['readyState'] = 'interactive';
      navigation['domInteractive'] = fake.now;
    } else if (!navigation['domContentLoadedEventStart']) {
      navigation['domContentLoadedEventStart'] = fake.now;
    } else if (!navigation['domComplete']) {
      document['readyState'] = 'complete';
      navigation['domComplete'] = fake.now;
      fake.dispatch('load');
    }
  }

  /** Measuring begins. Whoever has navigated sees the page then, and as long as it takes to be told of what was before. */
  async measured(begin: () => void): Promise<void> {
    if (this.navigations && this.hidden) await this.visibility();
    begin();
    if (this.navigations) await this.fake.deliver();
  }

  private input(): void {
    this.fake.dispatch(this.dice.of(['keydown', 'click', 'scroll']), { isTrusted: this.dice.chance(0.7) });
  }

  private async visibility(): Promise<void> {
    const { dice, fake } = this;
    const change = (): void => {
      this.see(this.hidden ? 'visible' : 'hidden');
      fake.dispatch('visibilitychange');
    };
    if (!fake.document['prerendering']) return change();
    fake.document['prerendering'] = false;
    fake.navigation['activationStart'] = fake.now;
    // Some are activated in a background tab.
    const shown = dice.chance(0.8);
    const first = dice.chance(0.5);
    if (shown && first) change();
    fake.dispatch('prerenderingchange');
    if (shown && !first) change();
  }

  private async restore(): Promise<void> {
    const { dice, fake } = this;
    if (fake.document['prerendering']) return;
    if (!this.hidden) {
      this.see('hidden');
      fake.dispatch('visibilitychange');
    }
    fake.pass(1 + dice.ms(5000));
    const first = dice.chance(0.5);
    const show = (): void => {
      this.see('visible');
      fake.dispatch('visibilitychange');
    };
    if (first) show();
    fake.dispatch('pageshow', { persisted: dice.chance(0.9) });
    if (!first) show();
    if (dice.chance(0.7)) {
      fake.pass(dice.ms(30));
      fake.paint();
      fake.pass(dice.ms(30));
      fake.paint();
      if (fake.prompt) await fake.deliver();
    }
  }

  /** The page is left. */
  async leave(): Promise<void> {
    const { fake } = this;
    if (!this.hidden) await this.visibility();
    if (!this.hidden) await this.visibility();
    // The last batch is under way.
    for (let i = 0; i < 10; i++) {
      fake.pass(1000);
      await null;
    }
  }
}

async function play(seed: number, like: Like = 'chromium'): Promise<{ google: Vital[]; ours: Vital[] }> {
  const dice = new Dice(seed);
  const visitor = new Visitor(dice, like === 'chromium' && seed % 2 === 0, like);
  const { fake } = visitor;
  // Some are late: what happened before is only to be had from the browser's memory.
  for (let steps = dice.chance(0.3) ? dice.below(40) : 0; steps > 0; steps--) await visitor.step();
  await visitor.measured(() => both.runInContext(fake.context));
  for (let steps = dice.below(120); steps > 0; steps--) await visitor.step();
  await visitor.leave();
  const { google, ours, problems } = fake.context as unknown as { google: Vital[]; ours: () => Vital[]; problems: string[] };
  assert.equal(problems.join(), '');
  // Made in another realm, and so of other prototypes.
  return JSON.parse(JSON.stringify({ google, ours: ours() }));
}

/**
 * Of a page with navigations within the document, CLS where it begins with the load: where a restoration brings the first FCP, web-vitals
 * goes through the shifts again as far as the browser still has them, in batches that are another's here.
 */
const comparable = (vitals: Vital[], google: Vital[]): Vital[] =>
  google.find(({ name }) => name === 'fcp')?.['navigation_type'] === RESTORED ? vitals.filter(({ name }) => name !== 'cls') : vitals;

const seeds = process.env['FAROL_SEED'] ? [Number(process.env['FAROL_SEED'])] : Array.from({ length: PAGES }, (_, i) => i + 1);

test(`${seeds.length} random pages are measured as web-vitals measures them`, async () => {
  const reports: Record<string, number> = {};
  let falls = 0;
  let soft = 0;
  for (const seed of seeds) {
    const page = await play(seed);
    try {
      same(seed % 2 ? page : { google: comparable(page.google, page.google), ours: comparable(page.ours, page.google) });
    } catch (error) {
      (error as Error).message = `FAROL_SEED=${seed}: ${(error as Error).message}`;
      throw error;
    }
    for (const { name, delta, navigation_type } of page.google) {
      if (navigation_type === 'soft-navigation') soft++;
      reports[name!] = (reports[name!] ?? 0) + 1;
      if (Number(delta) < 0) falls++;
    }
  }
  // Else nothing was compared.
  if (seeds.length >= 100) for (const name of ['cls', 'fcp', 'inp', 'lcp', 'ttfb']) assert.ok(reports[name]! > seeds.length / 4, JSON.stringify(reports));
  if (seeds.length >= 100) assert.ok(falls > 0, 'no value of INP fell');
  if (seeds.length >= 100) assert.ok(soft > seeds.length, `${soft} reports of soft navigations`);
});

for (const [like, names] of [['safari 26.2', ['fcp', 'inp', 'lcp', 'ttfb']], ['safari 15', ['fcp', 'ttfb']]] as [Like, string[]][]) {
  test(`${seeds.length} random pages with the entries of ${like} are measured as web-vitals measures them`, async () => {
    const reports: Record<string, number> = {};
    for (const seed of seeds) {
      const page = await play(seed, like);
      try {
        same(page);
      } catch (error) {
        (error as Error).message = `FAROL_SEED=${seed}: ${(error as Error).message}`;
        throw error;
      }
      for (const { name } of page.google) reports[name!] = (reports[name!] ?? 0) + 1;
    }
    if (seeds.length >= 100) assert.deepEqual(Object.keys(reports).sort(), names, JSON.stringify(reports));
  });
}
