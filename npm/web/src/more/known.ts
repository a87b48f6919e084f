/** Names of options: one that is none, most often misspelt, is told. What is wrong with their values the first file says. */
import { Diagnostic } from '../abi.js';
import { keys, safe } from '../observe/describe.js';
import { kind } from '../options.js';
import type { Sdk } from '../sdk.js';

/** By their group; what stands in no group is the page's own to name (`attributes`, `baggage`). A test compares them with the types. */
const NAMES: Record<string, string> = {
  '': 'url key app sampleRate sampling propagateTo baggage ignoreErrors denyUrls extensionErrors protocol privacyControl session consent remoteConfig outbox selfReport batch limits view routes scrub user attributes beforeSend onDiagnostic transport capture features core base coreDelayMs unsampledHeader',
  app: 'name version environment namespace release',
  sampling: 'ring ringMs ringBytes rates',
  'sampling.rates': 'log exception measurement event span',
  session: 'idleMs lifetimeMs storage attributes',
  batch: 'items bytes ageMs',
  limits: 'logs exceptions measurements events spans',
  scrub: 'allow deny page',
  user: 'id username email fullName hash roles attributes',
  capture: 'vitals errors fetch xhr navigation clicks loads actions frustration elementText frames reports resources load userTiming memory console traceResponse forms',
  'capture.resources': 'rate ignore thirdParty minMs',
};

/** More of them are somebody's whole configuration. */
const MOST = 20;

/** The options that there are not, with their groups. */
export function unknown(options: unknown): string[] {
  return Object.keys(NAMES).flatMap((group) => {
    const at = group ? group.split('.').reduce((at, key) => Object(at)[key], options as any) : options;
    const names = NAMES[group]!.split(' ');
    // A text's and a list's members are their places.
    return (safe(() => kind(at) == 'object') ? keys(at) : []).filter((key) => !names.includes(key)).map((key) => (group && group + '.') + key);
  }).slice(0, MOST);
}

export function observeNames(sdk: Sdk): void {
  for (const name of unknown(sdk.options_)) sdk.tell_(Diagnostic.BadOption, name);
}
