/** Whose an address is. Browsers do not tell where a registrable domain begins; this rule is right but for rare public suffixes. */

/** `shop.example.co.uk` → `example.co.uk`: the last two labels, three where the one before the country's is short. */
export function site(host: string): string {
  if (/^[\d.]+$|:/.test(host)) return host;
  const labels = host.split('.');
  const [second = '', last = ''] = labels.slice(-2);
  return labels.slice(last.length == 2 && second.length < 4 ? -3 : -2).join('.');
}

export const party = (host: string, page: string): string => (site(host) == site(page) ? 'first' : 'third');
