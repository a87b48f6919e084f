/** Long animation frames with the script that took longest; long tasks where the browser has no frames. */
import { safe } from '../observe/describe.js';
import { caller, LONGEST } from '../observe/selector.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { createCap } from './cap.js';
import { Attr, Event as Name } from './names.js';
import { option } from './option.js';
import { onEnd, tell } from './tell.js';

/** Frames below this (ms) are not told by default: INP calls an answer good up to here. */
const LONG = 200;

/** Frames that are told of one page; beyond it they are counted. A page that is always busy has said so by then. */
const MOST = 50;

/** What lib.dom does not know yet. */
export interface Script {
  startTime: number;
  duration: number;
  invoker?: string;
  invokerType?: string;
  sourceURL?: string;
  sourceFunctionName?: string;
  sourceCharPosition?: number;
  forcedStyleAndLayoutDuration?: number;
}

export interface Frame {
  entryType: string;
  startTime: number;
  duration: number;
  blockingDuration?: number;
  renderStart?: number;
  styleAndLayoutStart?: number;
  scripts?: readonly Script[];
}

/** An invoker may be an address, which the script's own is already. */
const plain = (text = '') => (/:\/\/|^data:/.test(text) ? undefined : text.slice(0, LONGEST) || undefined);

const known = (number?: number) => (number && number > 0 ? number : undefined);

/** A frame in words: how long, what of it was rendering, and the script that took longest. */
export function describeFrame({ entryType, startTime, duration, blockingDuration, renderStart, styleAndLayoutStart, scripts = [] }: Frame): Attributes {
  const end = startTime + duration;
  let longest: Script | undefined;
  let all = 0;
  for (const script of scripts) {
    all += script.duration;
    if (!longest || script.duration > longest.duration) longest = script;
  }
  return {
    [Attr.FrameType]: entryType,
    [Attr.FrameDuration]: duration,
    [Attr.FrameBlocking]: blockingDuration,
    [Attr.FrameRender]: renderStart ? end - renderStart : undefined,
    [Attr.FrameStyle]: styleAndLayoutStart ? end - styleAndLayoutStart : undefined,
    [Attr.FrameScripts]: scripts.length || undefined,
    [Attr.FrameScriptTime]: known(all),
    [Attr.ScriptUrl]: longest?.sourceURL || undefined,
    [Attr.ScriptFunction]: longest?.sourceFunctionName || undefined,
    [Attr.ScriptPosition]: known(longest?.sourceCharPosition),
    [Attr.ScriptInvoker]: plain(caller(longest?.invoker)),
    [Attr.ScriptInvokerType]: longest?.invokerType || undefined,
    [Attr.ScriptDuration]: longest?.duration,
    [Attr.ScriptForced]: known(longest?.forcedStyleAndLayoutDuration),
  };
}

export function observeFrames(sdk: Sdk): void {
  const wanted = option(sdk, 'frames', 'boolean number') ?? true;
  if (wanted === false) return;
  const long = typeof wanted == 'number' ? wanted : LONG;
  const { supportedEntryTypes = [] } = PerformanceObserver;
  const type = ['long-animation-frame', 'longtask'].find((name) => supportedEntryTypes.includes(name));
  if (!type) return;
  const { see_: see, settle_: settle } = createCap<Frame>(MOST, (frame, count) =>
    tell(sdk, Name.LongFrame, frame ? describeFrame(frame) : { [Attr.Count]: count }, frame?.startTime));
  const take = (entries: PerformanceEntryList) => {
    for (const entry of entries) if (entry.duration >= long && sdk.live_(entry.startTime)) see('' + entry.startTime, entry);
  };
  const observer = new PerformanceObserver(sdk.guard_((list: PerformanceObserverEntryList) => take(list.getEntries())));
  observer.observe({ type, buffered: true });
  onEnd(sdk, () => {
    take(safe(() => observer.takeRecords()) || []);
    settle();
  });
  sdk.stops_.push(() => observer.disconnect());
}
