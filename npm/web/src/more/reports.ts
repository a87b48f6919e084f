/** What the browser has to say of the page: what its content security policy refused, what was intervened in, what will cease to work. */
import { Diagnostic } from '../abi.js';
import { safe, text } from '../observe/describe.js';
import type { Sdk } from '../sdk.js';
import type { Attributes } from '../types.js';
import { capped } from './cap.js';
import { Attr, Event as Name } from './names.js';
import { option } from './option.js';
import { tell } from './tell.js';
import { createTwice } from './twice.js';

/** Different reports that are told of one page. */
const MOST = 20;

/** What harmed the visitor. Deprecations are the developer's news, and each page load's again: by option. */
const WANTED = ['csp-violation', 'intervention'];

interface Body {
  [field: string]: unknown;
}

const words = (value: unknown) => (typeof value == 'string' && value ? value : undefined);
const count = (value: unknown) => (typeof value == 'number' && value ? value : undefined);

/** A report in words; not the sample of what was refused, which is the page's content. */
export function describeReport(type: string, body: Body): Attributes {
  return {
    [Attr.ReportType]: type,
    [Attr.ReportId]: words(body.id),
    [Attr.ReportMessage]: words(body.message),
    [Attr.ReportDirective]: words(body.effectiveDirective),
    [Attr.ReportDisposition]: words(body.disposition),
    [Attr.ReportBlocked]: words(body.blockedURL ?? body.blockedURI),
    [Attr.ReportSource]: words(body.sourceFile),
    [Attr.ReportLine]: count(body.lineNumber),
    [Attr.ReportColumn]: count(body.columnNumber),
  };
}

export function observeReports(sdk: Sdk): void {
  const wanted = option(sdk, 'reports', 'boolean list') ?? true;
  const types: string[] = Array.isArray(wanted) ? wanted : wanted ? WANTED : [];
  if (!types.length) return;
  const see = capped<Attributes>(sdk, MOST, (attributes, count) =>
    tell(sdk, Name.Report, { ...attributes, [Attr.Count]: count > 1 ? count : undefined }));
  const first = createTwice();
  let ours = false;
  const take = (type: string, body: Body, way: 1 | -1) => {
    if (!types.includes(type) || !sdk.live_()) return;
    const attributes = describeReport(type, body);
    // Each try of ours has an address of its own: told once, for all of them.
    if (text(attributes[Attr.ReportBlocked]).startsWith(sdk.endpoint_)) {
      if (ours) return;
      ours = true;
      if (body.disposition == 'enforce') sdk.tell_(Diagnostic.Unsupported, body.effectiveDirective);
    }
    const key = Object.values(attributes).join();
    if (first(key, way)) see(key, attributes);
  };
  const observer = safe(() => new ReportingObserver(sdk.guard_((reports: Report[]) => reports.forEach(({ type, body }) => take(type || '', (body || {}) as Body, -1))), { buffered: sdk.live_(0) }));
  if (observer) {
    observer.observe();
    sdk.stops_.push(() => observer.disconnect());
  }
  // Chromium's observer tells of violations too, and of those from the page's beginning on; Firefox' and Safari's are there and tell of none, unless the policy names an endpoint.
  sdk.on_(document, 'securitypolicyviolation', (event: SecurityPolicyViolationEvent) => take('csp-violation', event as unknown as Body, 1));
}
