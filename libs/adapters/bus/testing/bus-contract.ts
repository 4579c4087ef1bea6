import { afterEach, beforeEach, describe } from 'vitest';
import type { Bus } from '../src/bus.ts';
import type { ContractHub } from './contract-hub.ts';
import { interruptionContract } from './interruption-contract.ts';
import { leaseContract } from './lease-contract.ts';
import { requestContract } from './request-contract.ts';
import { tableContract } from './table-contract.ts';

/** What every implementation of the bus does. Runs on the memory hub and on a real server. */
export function busContract(name: string, makeHub: () => Promise<ContractHub>): void {
  describe(`bus contract: ${name}`, { timeout: 60_000 }, () => {
    let hub: ContractHub;
    let buses: Bus[] = [];
    const connect = (): Bus => {
      const bus = hub.connect();
      buses.push(bus);
      return bus;
    };
    beforeEach(async () => {
      hub = await makeHub();
    });
    afterEach(async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      buses = [];
      await hub.close();
    });

    describe('tables', () => tableContract(connect, () => hub));
    describe('interruptions', () => interruptionContract(connect, () => hub));
    describe('requests', () => requestContract(connect, () => hub));
    describe('leases', () => leaseContract(connect, () => hub));
  });
}
