import { setTimeout as sleep } from 'node:timers/promises';
import type { FanoutAnswer } from '../fanout/messages.ts';
import { switchEgress, switchEndpoint } from '../mesh/changes.ts';
import { summarise, type Summary } from '../statistics.ts';
import type { Child } from '../world/child.ts';
import type { World } from '../world/world.ts';
import { measureChanges, type ChangeResult } from './change-scenario.ts';

/** A change that every proxy depends on, next to a bare fan-out of as many bytes in as many messages. */
export interface EverybodyResult {
  readonly change: ChangeResult;
  readonly bare: BareResult;
}

export interface BareResult {
  /** Bytes of one message, and how many each client gets per push. */
  readonly messageBytes: number;
  readonly messages: number;
  readonly latencyMs: Summary;
}

export interface EverybodyResults {
  /** A pod of the hub comes and goes: one shared assignment. */
  readonly hubEndpoint: EverybodyResult;
  /** Egress is switched: every workload's own listener changes. */
  readonly egress: EverybodyResult;
}

const bareServerName = 'osm-injector.cluster.local';
const betweenPushesMs = 150;

export async function measureEverybody(
  world: World,
  repetitions: number,
): Promise<EverybodyResults> {
  const { plan } = world;
  const hub = plan.services[plan.hub];
  if (hub === undefined) throw new Error('a mesh has at least one service');
  const turns = Array.from({ length: Math.max(2, repetitions) }, (_, index) => index % 2 === 1);
  const hubEndpoint = await measureChanges(
    world,
    turns.map((present) => switchEndpoint(plan, hub, present)),
  );
  const egress = await measureChanges(
    world,
    turns.map((off) => switchEgress(plan, !off)),
  );
  const bare = await startBare(world);
  return {
    hubEndpoint: { change: hubEndpoint, bare: await bare.measure(hubEndpoint, turns.length) },
    egress: { change: egress, bare: await bare.measure(egress, turns.length) },
  };
}

async function startBare(world: World): Promise<{
  readonly measure: (like: ChangeResult, repetitions: number) => Promise<BareResult>;
}> {
  const clients = world.plan.services.flatMap((service) => service.pods).length;
  const server: Child = await world.startFanout();
  const { address } = (await server.greeting) as Extract<FanoutAnswer, { kind: 'listening' }>;
  await world.within(
    world.fleet.connectBare(clients, address, bareServerName),
    'the connection to the bare fan-out',
  );
  let sent = 0;
  return {
    measure: async (like, repetitions) => {
      const messages = Math.max(1, Math.round(like.affectedResponses / like.affected));
      const messageBytes = Math.round(like.affectedBytes / like.affected / messages);
      const latencies: number[] = [];
      for (let index = 0; index < repetitions; index += 1) {
        sent += messages;
        const { startedNs } = await server.ask<Extract<FanoutAnswer, { kind: 'pushed' }>>({
          kind: 'push',
          messageBytes: Array.from({ length: messages }, () => messageBytes),
        });
        const arrivals = await world.within(world.fleet.awaitBare(sent), 'the bare fan-out');
        latencies.push(...arrivals.map((atNs) => Number(atNs - BigInt(startedNs)) / 1e6));
        await sleep(betweenPushesMs);
      }
      return { messageBytes, messages, latencyMs: summarise(latencies) };
    },
  };
}
