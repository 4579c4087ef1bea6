import { expect, it } from 'vitest';
import type { Bus, LeaseEvent } from '../src/bus.ts';
import { patience, type ContractHub } from './contract-hub.ts';

/** A candidate, with what it is told; `heard` gets the events of several in their order. */
export function follow(bus: Bus, name: string, holder: string, heard: string[] = []) {
  const abort = new AbortController();
  const events: LeaseEvent['kind'][] = [];
  const done = (async () => {
    for await (const event of bus.lease({ name, holder, signal: abort.signal })) {
      events.push(event.kind);
      heard.push(`${holder} ${event.kind}`);
    }
  })();
  return {
    events,
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

/** One leader at a time, and soon another when it is gone. */
export function leaseContract(connect: () => Bus, hub: () => ContractHub): void {
  it('has one holder, and hands over at once when given back', async () => {
    const first = follow(connect(), 'leader', 'one');
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two');
    const other = follow(connect(), 'other', 'two');
    await expect.poll(() => other.events, patience).toEqual(['acquired']);
    expect(second.events).toEqual([]);
    await first.stop();
    await expect.poll(() => second.events, patience).toEqual(['acquired']);
    await second.stop();
    await other.stop();
  });

  it('passes to another when the holder vanishes, and the holder knows first', async () => {
    const heard: string[] = [];
    const holder = connect();
    const first = follow(holder, 'leader', 'one', heard);
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two', heard);
    await hub().sever(holder);
    await expect.poll(() => second.events, patience).toEqual(['acquired']);
    expect(heard).toEqual(['one acquired', 'one lost', 'two acquired']);
    await second.stop();
  });

  it('has one holder after a restart, also when everything was lost, and passes on', async () => {
    const heard: string[] = [];
    const first = follow(connect(), 'leader', 'one', heard);
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two', heard);
    const witness = connect();
    for (const change of [async () => undefined, () => hub().wipe()]) {
      await hub().stop();
      await change();
      await hub().start();
      await expect.poll(witness.connected, patience).toBe(true);
      const third = follow(witness, 'witness', 'three');
      await expect.poll(() => third.events, patience).toEqual(['acquired']);
      await third.stop();
    }
    // Mostly the one who had it; a holder that could not renew for long has stepped down, and then either may have it.
    const leads = ({ events }: typeof first): boolean => events.at(-1) === 'acquired';
    await expect.poll(() => [first, second].filter(leads), patience).toHaveLength(1);
    const [holder, other] = leads(first) ? [first, second] : [second, first];
    // Nobody has it while somebody else does.
    const holders = heard.reduce((count, each) => count + (each.endsWith('acquired') ? 1 : -1), 0);
    expect(holders).toBe(1);
    await holder.stop();
    await expect.poll(() => leads(other), patience).toBe(true);
    await other.stop();
  });
}
