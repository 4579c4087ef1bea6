import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Playground } from '@osm/playground';
import { podNamed, post } from './tcp-lines.ts';
import { until } from './waiting.ts';

const members = ['etcd-0', 'etcd-1', 'etcd-2'] as const;

interface Answer {
  readonly header: { readonly member_id: string };
  readonly leader?: string;
  readonly raftTerm?: string;
  readonly kvs?: readonly { readonly value: string }[];
}

/** A real etcd of three members (meshes/etcd.yaml) in a running playground, asked by the pod `cli` through the names of its members. */
export class EtcdCluster {
  readonly members = members;
  readonly #playground: Playground;

  constructor(playground: Playground) {
    this.#playground = playground;
  }

  /** @throws Error when etcd is not installed, with the command that installs it */
  async start(): Promise<void> {
    if (spawnSync('etcd', ['--version']).status !== 0)
      throw new Error('etcd is missing: sudo apt-get install etcd-server');
    const manifest = resolve(import.meta.dirname, '../meshes/etcd.yaml');
    copyFileSync(manifest, join(this.#playground.directory, 'etcd.yaml'));
    await until('the members are ready', 60_000, () => this.areReady);
    await this.agree('the members have one leader');
  }

  get areReady(): boolean {
    const pods = this.#playground.pods.filter(({ blueprint }) => blueprint.owner === 'etcd');
    return pods.length === members.length && pods.every((pod) => pod.ready);
  }

  async put(member: string, key: string, value: string): Promise<void> {
    await this.#ask(member, 'kv/put', { key: base64(key), value: base64(value) });
  }

  /** What one member has by itself, when `serializable`; else what the majority has agreed on. */
  async read(member: string, key: string, serializable = false): Promise<string> {
    const { kvs } = await this.#ask(member, 'kv/range', { key: base64(key), serializable });
    return Buffer.from(kvs?.[0]?.value ?? '', 'base64').toString();
  }

  /** Id of the leader as a member knows it; 0 when it knows none. */
  async leader(member: string): Promise<string> {
    return (await this.#ask(member, 'maintenance/status', {})).leader ?? '0';
  }

  /** The number of the last election that a member knows of. */
  async term(member: string): Promise<number> {
    return Number((await this.#ask(member, 'maintenance/status', {})).raftTerm ?? 0);
  }

  async nameOfLeader(): Promise<string> {
    const id = await this.leader('etcd-0');
    for (const member of members) if ((await this.#idOf(member)) === id) return member;
    throw new Error(`no member has the id of the leader, ${id}`);
  }

  async moveLeader(from: string, to: string): Promise<void> {
    await this.#ask(from, 'maintenance/transfer-leadership', { targetID: await this.#idOf(to) });
    await until(`${to} leads`, 10_000, async () => (await this.nameOfLeader()) === to);
  }

  /** Waits until all members answer and name the same leader. */
  agree(what: string): Promise<void> {
    return until(what, 30_000, async () => {
      try {
        const known = await Promise.all(members.map((member) => this.leader(member)));
        return known[0] !== '0' && new Set(known).size === 1;
      } catch {
        return false;
      }
    });
  }

  /** Ends the member's program without a word; its container starts it again. */
  kill(member: string): void {
    const pid = podNamed(this.#playground, member).instance?.containers.get('etcd')?.pid;
    if (pid === undefined) throw new Error(`${member} does not run`);
    process.kill(pid, 'SIGKILL');
  }

  /** A number among the statistics of the member's sidecar. */
  async statistic(member: string, name: string): Promise<number> {
    const pid = podNamed(this.#playground, member).instance?.pid ?? 0;
    const { body } = await this.#playground.dialer.http(pid, { port: 15000, path: '/stats' });
    const line = body.split('\n').find((candidate) => candidate.startsWith(`${name}: `));
    return Number(line?.slice(name.length + 2) ?? Number.NaN);
  }

  async #idOf(member: string): Promise<string> {
    return (await this.#ask(member, 'maintenance/status', {})).header.member_id;
  }

  async #ask(member: string, call: string, body: object): Promise<Answer> {
    const url = `http://${member}.etcd.etcd:2379/v3/${call}`;
    const { status, body: text } = await post(this.#playground, 'cli', url, body);
    if (status !== 200) throw new Error(`${member} answers ${call} with ${status}: ${text}`);
    return JSON.parse(text) as Answer;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
