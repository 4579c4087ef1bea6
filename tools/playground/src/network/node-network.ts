import { MeshError } from '@osm/prelude';
import { must, run } from '../process/run.ts';
import { candidatePlans, gatewayAddress, type AddressPlan } from './addresses.ts';
import { sayPid, startHolder, stay, type Holder } from './holder.ts';
import { serviceRules, type ServiceRule } from './service-rules.ts';

// Forwarding; and errors for unreachable addresses at once and always: the kernel holds back all but a few per second, and counts
// redirects (a pod that calls itself through a service causes them) among those.
const routerSettings = [
  'cd /proc/sys/net/ipv4',
  'echo 1 >ip_forward',
  'echo 0 >icmp_ratelimit',
  'echo 0 >conf/all/send_redirects',
  'echo 0 >conf/default/send_redirects',
].join('; ');

/**
 * The network of a playground: a router namespace ("the node") with one link to the host and one to each pod.
 *
 *   pod 10.x.1.0/32 ──veth── node (ip_forward, DNAT of service addresses) ──veth── host 10.x.255.254
 *
 * All of it hangs on the node's holder process: without it the kernel removes links, routes and rules.
 */
export class NodeNetwork {
  readonly plan: AddressPlan;
  readonly #holder: Holder;
  #links = 0;
  #rules = '';

  private constructor(plan: AddressPlan, holder: Holder) {
    this.plan = plan;
    this.#holder = holder;
  }

  static async create(): Promise<NodeNetwork> {
    const holder = await startHolder(['--net'], `${sayPid}; ${routerSettings}; ${stay}`, []);
    try {
      const plan = await linkToHost(holder);
      const network = new NodeNetwork(plan, holder);
      await network.setRules([]);
      return network;
    } catch (thrown) {
      await holder.end();
      throw thrown;
    }
  }

  /** Process id to reach the node's namespace with nsenter, for example for a packet capture. */
  get pid(): number {
    return this.#holder.pid;
  }

  /** Gives the network namespace of a process the address and a link to the node. Returns the name of the node's end. */
  async connectPod(pid: number, address: string): Promise<string> {
    const link = `pod${++this.#links}`;
    await this.#batch(this.pid, [
      `link add ${link} type veth peer name eth0 netns ${pid}`,
      `link set ${link} addrgenmode none`,
      `link set ${link} up`,
      `addr add ${gatewayAddress}/32 dev ${link}`,
      `route add ${address}/32 dev ${link}`,
    ]);
    await this.#batch(pid, [
      'link set lo up',
      'link set eth0 addrgenmode none',
      `addr add ${address}/32 dev eth0`,
      'link set eth0 up',
      `route add ${gatewayAddress}/32 dev eth0`,
      `route add default via ${gatewayAddress} dev eth0`,
    ]);
    return link;
  }

  /** Removes a pod's link at once; without this the kernel does it some time after the pod's last process ended. */
  async disconnectPod(link: string): Promise<void> {
    await run('nsenter', ['-t', `${this.pid}`, '-n', 'ip', 'link', 'del', link]);
  }

  /** Makes the service addresses lead where the rules say, in one step; does nothing when nothing changed. */
  async setRules(rules: readonly ServiceRule[]): Promise<void> {
    const text = serviceRules(rules, this.plan.hostAddress);
    if (text === this.#rules) return;
    await must('nsenter', ['-t', `${this.pid}`, '-n', 'iptables-restore'], { input: text });
    this.#rules = text;
  }

  async close(): Promise<void> {
    // The link goes with the namespace, but only some milliseconds later: who looks right afterwards should find nothing.
    await run('ip', ['link', 'del', this.plan.link]);
    await this.#holder.end();
  }

  async #batch(pid: number, lines: readonly string[]): Promise<void> {
    await must('nsenter', ['-t', `${pid}`, '-n', 'ip', '-batch', '-'], {
      input: `${lines.join('\n')}\n`,
    });
  }
}

async function linkToHost(holder: Holder): Promise<AddressPlan> {
  const plans = candidatePlans(await takenRanges());
  for (const plan of plans) {
    // Creating the link reserves the range: a second playground gets "File exists" and takes the next.
    const made = await run('ip', [
      'link',
      'add',
      plan.link,
      'type',
      'veth',
      'peer',
      'name',
      'uplink',
      'netns',
      `${holder.pid}`,
    ]);
    if (made.status !== 0) {
      if (made.stderr.includes('File exists')) continue;
      throw new MeshError(
        'io',
        `cannot make a network link: ${made.stderr.trim()} (is the kernel module veth there?)`,
      );
    }
    await must('ip', ['-batch', '-'], {
      input: `link set ${plan.link} addrgenmode none\naddr add ${plan.hostAddress}/30 dev ${plan.link}\nlink set ${plan.link} up\n`,
    });
    await must('nsenter', ['-t', `${holder.pid}`, '-n', 'ip', '-batch', '-'], {
      input: `link set lo up\nlink set uplink addrgenmode none\naddr add ${plan.nodeAddress}/30 dev uplink\nlink set uplink up\nroute add default dev uplink\n`,
    });
    await must('ip', ['route', 'add', plan.range, 'via', plan.nodeAddress, 'dev', plan.link]);
    return plan;
  }
  throw new MeshError('io', 'no free address range: too many playgrounds on this machine');
}

async function takenRanges(): Promise<string[]> {
  const routes: unknown = JSON.parse(
    await must('ip', ['-json', '-4', 'route', 'show', 'table', 'all']),
  );
  if (!Array.isArray(routes)) return [];
  return routes.flatMap((route: { readonly dst?: unknown }) =>
    typeof route.dst === 'string' && route.dst !== 'default' && route.dst !== '0.0.0.0/0'
      ? [route.dst]
      : [],
  );
}
