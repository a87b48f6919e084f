/** How often a page is asked: often enough for a test to be quick, seldom enough to leave the page alone. */
const EVERY = 20;

/** Asks until the answer is truthy, and gives it. A document that goes away while it is asked has not answered. */
export async function wait<R>(ask: () => Promise<R>, what: string, timeout = 30_000): Promise<R> {
  const until = performance.now() + timeout;
  for (;;) {
    const answer = await ask().catch((error: Error) => {
      if (/execution context|find context|navigat|unload/i.test(error.message)) return undefined;
      throw error;
    });
    if (answer) return answer;
    if (performance.now() > until) throw new Error(`waited ${timeout} ms in vain for ${what}`);
    await new Promise((done) => setTimeout(done, EVERY));
  }
}
