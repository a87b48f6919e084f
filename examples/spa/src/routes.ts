// The views' names and their paths. They stand apart from the views so that telemetry can name the first one when it
// starts: what the browser paints first belongs to a view, too.

/** By name, which telemetry groups by: never with an id in it. In the path `:word` takes whatever stands there. */
export const routes = {
  home: '/',
  product: '/product/:id',
  cart: '/cart',
  checkout: '/checkout',
  'rough-weather': '/rough-weather',
  about: '/about',
} as const;

/** `missing` has no path: it takes what no other does. */
export type ViewName = keyof typeof routes | 'missing';

export interface Found {
  name: ViewName;
  params: Record<string, string>;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = value;
    else if (part !== value) return undefined;
  }
  return params;
}

/** The view of a path. */
export function find(pathname: string): Found {
  const path = pathname.replace(/(.)\/$/, '$1');
  for (const [name, pattern] of Object.entries(routes)) {
    const params = match(pattern, path);
    if (params) return { name: name as ViewName, params };
  }
  return { name: 'missing', params: {} };
}
