import type { AddressPlan } from '../network/addresses.ts';

/** Gives services addresses and keeps them: the same service has the same address as long as the playground runs. */
export class ServiceAddresses {
  readonly #plan: AddressPlan;
  readonly #byService = new Map<string, string>();
  #next = 0;

  constructor(plan: AddressPlan) {
    this.#plan = plan;
  }

  /** The service's address: the one its manifest asks for, unless another service has it, or a free one. */
  of(service: string, wanted?: string): string {
    const present = this.#byService.get(service);
    if (present !== undefined && (wanted === undefined || wanted === present)) return present;
    const isTaken = wanted !== undefined && [...this.#byService.values()].includes(wanted);
    const address = wanted === undefined || isTaken ? (present ?? this.#free()) : wanted;
    this.#byService.set(service, address);
    return address;
  }

  #free(): string {
    const taken = new Set(this.#byService.values());
    for (;;) {
      const address = this.#plan.serviceAddress(this.#next++);
      if (!taken.has(address)) return address;
    }
  }
}
