/**
 * Any value that a page without types can hand over, told in words: what is told can be printed and made smaller, where the value itself may throw at
 * whoever looks at it. `make` makes it.
 */
import fc from 'fast-check';

/** What the page's own functions and traps throw: it may pass where the page's function was called on the page's behalf, and nowhere else. */
const OURS = 'of the page';

const boom = (): never => {
  throw new Error(OURS);
};

/** Members that the SDK reads of what it is given, and some that the language reads. */
const NAMES = (
  'level attributes context handled fatal parent startTime traceId spanId id username email fullName hash roles name message stack cause errors type constructor ' +
  'then length toString valueOf toJSON __proto__ url key app version storage idleMs rates ring session kind'
).split(' ');

const TRAPS = 'get set has ownKeys getOwnPropertyDescriptor defineProperty getPrototypeOf setPrototypeOf isExtensible preventExtensions deleteProperty apply construct'.split(' ');
const trapped = Object.fromEntries(TRAPS.map((name) => [name, boom]));
const revoked = (target: object): object => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
/** The page's own, which it sees to. */
const rejected = (): Promise<never> => {
  const promise = Promise.reject(new Error(OURS));
  promise.catch(() => {});
  return promise;
};
class Own {
  #hidden = 1;
  get level(): number {
    return this.#hidden;
  }
  method(): void {}
}

const NASTY: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  'a symbol': () => Symbol('s'),
  'a BigInt': () => 10n ** 30n,
  NaN: () => NaN,
  '-0': () => -0,
  Infinity: () => Infinity,
  'a huge string': () => 'é😀x'.repeat(100_000),
  'lone surrogates': () => '\ud800x\udfff'.repeat(50),
  'a function': () => () => 5,
  'a function that throws': () => boom,
  'a function without an end': () => () => new Promise(() => {}),
  'a class': () => Own,
  'an instance': () => new Own(),
  'its prototype': () => Own.prototype,
  'a date': () => new Date(0),
  'no date': () => new Date(NaN),
  'a frozen object': () => Object.freeze({ level: 'error', attributes: Object.freeze({ a: 1 }) }),
  'a thenable': () => ({ then: (done: (value: number) => void) => done(5) }),
  'a thenable that refuses': () => ({ then: (_: unknown, fail: (error: Error) => void) => fail(new Error(OURS)) }),
  'a thenable that throws': () => ({ then: boom }),
  'a thenable without an end': () => ({ then() {} }),
  'a member `then` that throws': () => Object.defineProperty({}, 'then', { get: boom, enumerable: true }),
  'a promise': () => Promise.resolve(5),
  'a promise without an end': () => new Promise(() => {}),
  'a promise that is rejected': rejected,
  'getters that throw': () => NAMES.reduce((object, name) => Object.defineProperty(object, name, { get: boom, enumerable: true, configurable: true }), {}),
  'a proxy that throws': () => new Proxy({}, trapped),
  'a proxy of a function that throws': () => new Proxy(() => {}, trapped),
  'a proxy of a list that throws': () => new Proxy([], trapped),
  'a proxy that is all its members': () => {
    const all: object = new Proxy(() => {}, { get: () => all });
    return all;
  },
  'a revoked proxy': () => revoked({}),
  'a revoked function': () => revoked(() => {}),
  'a revoked list': () => revoked([]),
  'a circle': () => {
    const circle: Record<string, unknown> = { attributes: {} };
    circle['cause'] = circle['attributes'] = circle['parent'] = circle;
    return circle;
  },
  'a list that holds itself': () => {
    const list: unknown[] = [1];
    list.push(list);
    return list;
  },
  'a list with holes': () => [, 1, , 'x'],
  'a list that cannot be walked': () => Object.assign([1, 2], { [Symbol.iterator]: boom, forEach: boom, every: boom, some: boom, slice: boom }),
  'an object without a prototype': () => Object.assign(Object.create(null), { a: 1 }),
  'no text': () => ({ toString: boom }),
  'no primitive': () => ({ [Symbol.toPrimitive]: boom }),
  'a text that is none': () => ({ toString: () => ({}), valueOf: () => ({}) }),
  'a pattern that throws': () => Object.assign(/x/, { [Symbol.search]: boom, exec: boom }),
  'an error': () => new TypeError('an error', { cause: 'a cause' }),
  'an error that throws': () => ['stack', 'cause', 'message', 'name'].reduce((error, name) => Object.defineProperty(error, name, { get: boom }), new Error('x')),
  'an error that causes itself': () => {
    const error: Error = new AggregateError([], 'all');
    error.cause = error;
    (error as AggregateError).errors = [error, error];
    return error;
  },
  'a long chain': () => Array.from({ length: 1000 }).reduce<Error>((cause) => new Error('link', { cause }), new Error('first')),
  'many members': () => Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`member ${n}`, n])),
  'bytes': () => new Uint8Array(100),
  'a map': () => new Map([[{}, Symbol('s')]]),
  'a generator': () => (function* () { yield boom(); })(),
  'the page': () => globalThis,
};

/** A value in words. */
export type Value = { nasty: string } | { plain: unknown } | { members: [name: string, value: Value][] } | { list: Value[] };

export function make(value: Value): unknown {
  if ('nasty' in value) return NASTY[value.nasty]!();
  if ('plain' in value) return value.plain;
  if ('list' in value) return value.list.map(make);
  const object = {};
  for (const [name, of] of value.members) Object.defineProperty(object, name, { value: make(of), enumerable: true, configurable: true, writable: true });
  return object;
}

/** Any of them. */
export const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(NASTY)).map((nasty): Value => ({ nasty })) },
    {
      weight: 2,
      arbitrary: fc.anything({ maxDepth: 2, withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true, withObjectString: true, withSparseArray: true, withTypedArray: true })
        .map((plain): Value => ({ plain })),
    },
    { weight: 3, arbitrary: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string()), tie('value')), { maxLength: 4 }).map((members): Value => ({ members })) },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((list): Value => ({ list })) },
  ),
}));
