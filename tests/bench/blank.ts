// The page without an SDK: what the loops and the browser cost by themselves.
(globalThis as Record<string, unknown>)['bench'] = { start: () => ({}), event() {}, end() {} };
