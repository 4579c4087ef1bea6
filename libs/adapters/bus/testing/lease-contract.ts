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

  it('stays with its holder through a restart, also when everything was lost', async () => {
    const first = follow(connect(), 'leader', 'one');
    await expect.poll(() => first.events, patience).toEqual(['acquired']);
    const second = follow(connect(), 'leader', 'two');
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
    // A holder that could not renew for long has stepped down, and has it again.
    await expect
      .poll(() => [first.events.at(-1), ...second.events], patience)
      .toEqual(['acquired']);
    await first.stop();
    await expect.poll(() => second.events, patience).toEqual(['acquired']);
    await second.stop();
  });
}
