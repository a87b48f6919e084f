/**
 * What clients on one page share, across versions and copies of this code: one layer a patched function, and the bytes of
 * keepalive requests under way, which the browser bounds for the page as a whole. The names here are an interface between
 * versions: a change of form takes a new number in the symbol.
 */
interface Layer {
  native: Function;
  /** The browser's own, below all layers of the name. */
  root: Function;
  wrapper: Function;
  subs: unknown[];
  /** Made the wrapper, and makes others of its kind. */
  make?: Function;
  /** Where in our file its wrappers call what they wrap, as stacks have it; found out when it is first asked for. */
  place?: string;
}

export interface Page {
  layers: Record<string, Layer>;
  /** Bytes and requests of keepalive fetches under way. */
  bytes: number;
  flights: number;
  /** The XMLHttpRequest that is being sent with a `traceparent` of ours. */
  xhr?: unknown;
  /** The latest error of a watched worker (worker.ts), as `createErrors` has it. */
  worker?: string;
}

export function page(): Page {
  const key = Symbol.for('farol.patch/1') as unknown as 'page';
  const root = globalThis as unknown as { page?: Page };
  // Not enumerable: the page's own loops over its globals do not meet it.
  if (!root[key]) Object.defineProperty(root, key, { value: { layers: {}, bytes: 0, flights: 0 } });
  return root[key]!;
}

/**
 * Adds a subscriber to the one wrapper around `owner[name]`, made by `make` if there is none that is outermost: whether what the page put in
 * its place calls it nobody can tell. Returns what takes it away again: with the last one the original is put back, unless others have wrapped ours
 * since; then our layer only passes on.
 */
export function patch<S, F extends Function>(key: string, owner: object, name: string, sub: S, make: (native: F, subs: S[]) => F): () => void {
  const { layers } = page();
  const target = owner as Record<string, Function>;
  const native = target[name];
  // What the page does not have stays missing: pages ask for it.
  if (!native) return () => {};
  let layer = layers[key] as Layer & { own: boolean };
  if (layer?.wrapper != native) {
    const subs: S[] = [];
    const own = Object.prototype.hasOwnProperty.call(owner, name);
    const wrapper = make(native as F, subs);
    // What pages look at before they trust a function.
    for (const key of 'name length'.split(' ')) Object.defineProperty(wrapper, key, { value: native[key as 'name'], configurable: true });
    target[name] = wrapper;
    layer = { native, root: layer?.root || native, wrapper, subs, own, make };
    layers[key] = layer;
  }
  layer.subs.push(sub);
  return () => {
    const at = layer.subs.indexOf(sub);
    if (at < 0) return;
    layer.subs.splice(at, 1);
    if (layer.subs.length || target[name] != layer.wrapper) return;
    if (layer.own) target[name] = layer.native;
    else delete target[name];
    delete layers[key];
  };
}
