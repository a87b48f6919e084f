/**
 * What a page can have in its head, before all else: keeps errors, rejections, failed loads and calls, each with its time, until the SDK is there
 * (`early.ts` takes them up). Built into farol-snippet.js, 1,000 bytes at most; docs/sdk.md has it in whole.
 */
((root: any) => {
  const early = (root.Farol = root.Farol || {});
  // The SDK came first.
  if (early.init) return;
  const calls = (early.q = early.q || []);
  const events: Event[] = (early.e = []);
  calls.push = (call: any) => {
    call.t = performance.now();
    // A page that never gets its SDK keeps no more than this.
    if (calls.length < 999) calls[calls.length] = call;
  };
  for (const name of 'event log measure captureError setUser setView setAttributes setSessionAttributes setConsent'.split(' ')) {
    early[name] = (...rest: unknown[]) => calls.push([name, ...rest]);
  }
  const keep = (event: Event) => {
    if (events.length < 99) events.push(event);
  };
  root.addEventListener('error', keep, true);
  root.addEventListener('unhandledrejection', keep);
})(window);
