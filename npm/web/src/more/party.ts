/** Whose an address is. Browsers do not tell where a registrable domain begins; this rule is right but for rare public suffixes. */

/** What stands between a name and its country, by custom of the registries. Its length says nothing: `dhl.de` is a name. */
const GENERIC = /^(ac|ad|asn|asso|co|com|edu|gen|go|gob|gouv|gov|govt|gr|gv|id|idv|in|ind|info|lg|ltd|me|mil|my|ne|net|nhs|nom|or|org|pe|plc|re|sch|web)$/;

/** `shop.example.co.uk` → `example.co.uk`: the last two labels, three where the one before the country's is generic. */
export function site(host: string): string {
  if (/^[\d.]+$|:/.test(host)) return host;
  const labels = host.split('.');
  const [second = '', last = ''] = labels.slice(-2);
  return labels.slice(last.length == 2 && GENERIC.test(second) ? -3 : -2).join('.');
}

/** `example.co` and `static.example.co` are one, whatever the rule says of such a name. */
const below = (host: string, page: string): boolean => ('.' + host).endsWith('.' + page);

export const party = (host: string, page: string): string => (site(host) == site(page) || below(host, page) || below(page, host) ? 'first' : 'third');
