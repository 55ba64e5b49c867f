import type { Pod } from '@kybern/core/kinds';
import { computePodCgroupLimits, computeQosLimits, type CgroupLimits } from '../decisions/cgroup-limits.ts';
import { podCgroup, qosCgroup } from '../decisions/pod-cgroup.ts';
import { podRequests, type Amounts } from '../decisions/pod-requests.ts';
import { computeQosClass } from '../decisions/qos.ts';
import type { CgroupTree } from './cgroup-tree.ts';

/** What {@link PodCgroups} works with. */
export interface PodCgroupsDeps {
  readonly tree: CgroupTree;
  /** Below which the node has its cgroups. */
  readonly root: string;
  /** What the node can give to Pods. */
  readonly allocatable: Amounts;
  /** How many processes and threads a Pod may have. Default: as many as the machine. */
  readonly podPidsLimit?: number | undefined;
}

const CLASSES = ['Guaranteed', 'Burstable', 'BestEffort'] as const;

/**
 * The cgroups of a node: one for all Pods, one for each class that is not Guaranteed, and one per Pod, each with its limits. Runtimes make their containers below and remove none of these.
 *
 * @see kubernetes v1.36 pkg/kubelet/cm/pod_container_manager_linux.go, qos_container_manager_linux.go
 */
export class PodCgroups {
  readonly #deps: PodCgroupsDeps;
  /** CPUs that each Burstable Pod asks for, by uid. */
  readonly #burstable = new Map<string, number>();
  #written = '';
  /** The write under way; one comes after the other, so that the last one counts. */
  #balancing: Promise<void> = Promise.resolve();

  constructor(deps: PodCgroupsDeps) {
    this.#deps = deps;
  }

  get tree(): CgroupTree {
    return this.#deps.tree;
  }

  pathOf(pod: Pod): string {
    return podCgroup(pod, this.#deps.root);
  }

  /** The Pod is one of this node's: its requests count for its class from the next balance on. */
  adopt(pod: Pod): void {
    if (classOf(pod) === 'Burstable') this.#burstable.set(pod.metadata.uid ?? '', podRequests(pod)['cpu'] ?? 0);
  }

  /** Makes the Pod's cgroup, and says what it may use. @throws {Error} when the kernel refuses */
  async ensure(pod: Pod): Promise<void> {
    this.adopt(pod);
    await this.balance();
    const path = this.pathOf(pod);
    await this.#deps.tree.create(path);
    const { podPidsLimit } = this.#deps;
    await this.#deps.tree.limit(path, { ...computePodCgroupLimits(pod), ...(podPidsLimit === undefined ? {} : { pids: podPidsLimit }) });
  }

  /** Gives the classes what their Pods ask for. Writes only what changed. @throws {Error} when the kernel refuses */
  balance(): Promise<void> {
    const balanced = this.#balancing.then(() => this.#balance());
    this.#balancing = balanced.catch(() => undefined); // whoever asked is told
    return balanced;
  }

  async #balance(): Promise<void> {
    const { tree, root, allocatable } = this.#deps;
    let cpus = 0;
    for (const each of this.#burstable.values()) cpus += each;
    const limits = computeQosLimits(allocatable, cpus);
    const text = JSON.stringify(limits);
    if (text === this.#written) return;
    for (const qos of CLASSES) {
      const path = qosCgroup(qos, root);
      await tree.create(path);
      await tree.limit(path, qos === 'Guaranteed' ? limits.root : qos === 'Burstable' ? limits.burstable : limits.besteffort);
    }
    this.#written = text;
  }

  /** Says anew what a Pod that runs may use. @throws {Error} when the kernel refuses, or the Pod uses more than that */
  async narrow(pod: Pod, limits: CgroupLimits): Promise<void> {
    const path = this.pathOf(pod);
    const used = limits.memoryBytes === undefined ? undefined : await this.#usageOf(path);
    if (used !== undefined && used > (limits.memoryBytes ?? Infinity))
      throw new Error(`attempting to set pod memory limit (${String(limits.memoryBytes)}) below current usage (${String(used)})`);
    await this.#deps.tree.limit(path, limits);
  }

  /** The memory that a container uses, in bytes; undefined when it has no cgroup here. */
  memoryUsage(pod: Pod, containerId: string): Promise<number | undefined> {
    return this.#usageOf(`${this.pathOf(pod)}/${containerId}`);
  }

  async #usageOf(path: string): Promise<number | undefined> {
    const { tree } = this.#deps;
    const text = await tree.read(path, 'memory', tree.version === 2 ? 'memory.current' : 'memory.usage_in_bytes');
    return text === undefined ? undefined : Number(text);
  }

  /** Takes the Pod's cgroup away; nothing of it runs any more. */
  async remove(pod: Pod): Promise<void> {
    this.#burstable.delete(pod.metadata.uid ?? '');
    await this.#deps.tree.remove(this.pathOf(pod));
  }

  /**
   * Takes away the cgroups of Pods that are none of this node's (any more). What still has processes stays.
   *
   * @param uids of the Pods that it has
   * @returns the uids whose cgroups went or could not
   */
  async removeOrphans(uids: ReadonlySet<string>): Promise<readonly string[]> {
    const { tree, root } = this.#deps;
    const orphans: string[] = [];
    for (const qos of CLASSES) {
      const parent = qosCgroup(qos, root);
      for (const name of await tree.children(parent)) {
        const uid = name.startsWith('pod') ? name.slice('pod'.length) : '';
        if (uid === '' || uids.has(uid)) continue;
        orphans.push(uid);
        await tree.remove(`${parent}/${name}`);
      }
    }
    return orphans;
  }
}

const classOf = (pod: Pod): ReturnType<typeof computeQosClass> => pod.status?.qosClass ?? computeQosClass(pod);
