/** Failed loads: images, scripts, styles, fonts and media that the page asked for and that did not come. No exceptions, and not told as such. */
import { safe, text } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { createCap } from './cap.js';
import { Attr, Event as Name } from './names.js';
import { option } from './option.js';
import { party } from './party.js';
import { onEnd, tell } from './tell.js';
import { createTwice } from './twice.js';

/** Different loads that are told of one page. One whose server is gone misses dozens, and each further one says the same. */
const MOST = 50;

/** By an element's tag, and by what timings call their initiator. */
const KINDS: Record<string, string> = { img: 'image', image: 'image', input: 'image', script: 'script', audio: 'media', video: 'media', source: 'media', track: 'media', link: 'style', css: 'image', iframe: 'frame' };

const FONT = /\.(woff2?|[ot]tf|eot)([?#]|$)/i;

/** What an element asked for: script, style, image, font, media, frame, other. */
export function kindOf(tag: string, rel: string, as: string): string {
  if (tag != 'link') return KINDS[tag] || 'other';
  if (/stylesheet/i.test(rel)) return 'style';
  return /icon/i.test(rel) ? 'image' : { script: 'script', style: 'style', image: 'image', font: 'font', audio: 'media', video: 'media' }[as] || 'other';
}

interface Element {
  localName?: unknown;
  rel?: unknown;
  as?: unknown;
  currentSrc?: unknown;
  src?: unknown;
  href?: unknown;
}

const address = (value: unknown): string => text((value as SVGAnimatedString)?.baseVal ?? value);

export function observeLoads(sdk: Sdk): void {
  if (option(sdk, 'loads', 'boolean') === false) return;
  const { see_: see, settle_: settle } = createCap<[Attributes, number]>(MOST, (thing, count) => {
    const [attributes, at] = thing || [{}, NaN];
    tell(sdk, Name.FailedLoad, { ...attributes, [Attr.Count]: count > 1 ? count : undefined }, count > 1 ? NaN : at);
  });
  const status = (url: string): number | undefined =>
    (safe(() => performance.getEntriesByName(url, 'resource').pop()) as { responseStatus?: number } | undefined)?.responseStatus || undefined;
  const failed = (kind: string, url: string, tag: string, at: number, more?: Attributes) => {
    if (!url || !sdk.live_(at)) return;
    const { href, hostname } = safe(() => new URL(url, document.baseURI)) || { href: url, hostname: '' };
    see(kind + url, [{
      [Attr.Url]: href, [Attr.Kind]: kind, [Attr.Tag]: tag, [Attr.Status]: status(href), [Attr.Party]: hostname && party(hostname, location.hostname), ...more,
    }, at]);
  };

  // Most failed loads come by both, an image outside of the document by its timing alone, one that no server answered by its event.
  const first = createTwice();

  const element = sdk.guard_(({ target, timeStamp }: Event) => {
    const { localName, rel, as, currentSrc, src, href } = target as Element;
    const tag = text(localName);
    const url = address(currentSrc) || address(src) || address(href);
    if (first(safe(() => new URL(url, document.baseURI).href) || url, 1)) failed(kindOf(tag, text(rel), text(as)), url, tag, timeStamp);
  });
  const before = sdk.early_;
  sdk.early_ = { length: 0, push: element as Event[]['push'] };
  for (const event of before as Event[]) element(event);

  // No event names the file of a font; its timing does.
  const { fonts } = document;
  const lost = (family: string, at?: number) => {
    const entry = safe(() => (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter(({ name }) => FONT.test(name) && status(name)! > 399).pop());
    failed('font', entry?.name || 'font:' + family, 'css', at ?? entry?.responseEnd ?? performance.now(), { [Attr.Font]: family });
  };
  if (fonts) {
    sdk.on_(fonts, 'loadingerror', ({ fontfaces, timeStamp }: FontFaceSetLoadEvent) => fontfaces.forEach(({ family }) => lost(family, timeStamp)));
    fonts.forEach(({ status, family }) => status == 'error' && lost(family));
  }
  const timed = sdk.guard_((entries: (PerformanceResourceTiming & { responseStatus?: number })[]) => {
    for (const { initiatorType, responseStatus, name, responseEnd } of entries) {
      const kind = KINDS[initiatorType];
      if (kind && responseStatus! > 399 && !FONT.test(name) && first(name, -1)) failed(kind, name, initiatorType, responseEnd);
    }
  });
  const observer = safe(() => new PerformanceObserver((list) => timed(list.getEntries() as PerformanceResourceTiming[])));
  observer?.observe({ type: 'resource', buffered: true });
  onEnd(sdk, () => {
    timed((observer?.takeRecords() || []) as PerformanceResourceTiming[]);
    settle();
  });
  sdk.stops_.push(() => observer?.disconnect());
}
