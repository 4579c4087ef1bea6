import { vi } from 'vitest';

// How long a spec waits for what must come: a bound of what hangs, not of what is slow. expect.poll has it from the config; vi.waitFor
// knows no setting, and gives up after a second.
const patience = { timeout: 20_000 };
const { waitFor } = vi;
vi.waitFor = (callback, options = patience) => waitFor(callback, options);
