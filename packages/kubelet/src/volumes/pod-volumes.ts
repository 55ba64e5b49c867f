import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isControlledBy, quantityToBytes, type Client, type Clock } from '@kybern/core';
import { PersistentVolume, PersistentVolumeClaim, ServiceAccount, type Container, type Pod } from '@kybern/core/kinds';
import type { cri } from '@kybern/runtime-cri';
import type { PodFieldsInput } from '../decisions/pod-fields.ts';
import { computeVolumeFiles, isFilesVolume, volumeReferences, volumeTokens, type PodVolume, type TokenRequest } from '../decisions/volume-files.ts';
import { expandVariables } from '../decisions/environment.ts';
import { readReferredObjects } from '../effects/referred-objects.ts';
import { writeAtomically } from './atomic-files.ts';

const run = promisify(execFile);

/** What {@link PodVolumes} works with. */
export interface PodVolumesDeps {
  /** Below which each Pod has a folder. */
  readonly rootDirectory: string;
  readonly client: Client;
  readonly clock: Clock;
}

/** A token that was given, and when to ask for the next one. */
interface HeldToken {
  readonly token: string;
  readonly renewAtMs: number;
}

/** A token is renewed when so much of its life is over, or a day. @see kubernetes v1.36 pkg/kubelet/token/token_manager.go (requiresRefresh) */
const RENEW_AT = 0.8;
const DAY_MS = 86_400_000;

/** Where the volumes of Pods are on this machine: makes them, keeps them up to date, takes them away. */
export class PodVolumes {
  readonly #deps: PodVolumesDeps;
  readonly #tokens = new Map<string, HeldToken>();
  /** Where the volumes of claims are, by Pod and volume. */
  readonly #claims = new Map<string, string>();
  #stamps = 0;

  constructor(deps: PodVolumesDeps) {
    this.#deps = deps;
  }

  /**
   * Makes all volumes of a Pod that are not there yet, and brings those that show objects up to date.
   *
   * @throws {Error} in the words of the event `FailedMount`
   */
  async mount(input: PodFieldsInput, signal: AbortSignal): Promise<void> {
    for (const volume of input.pod.spec.volumes ?? []) {
      try {
        await this.#mountOne(input, volume, signal);
      } catch (error) {
        signal.throwIfAborted();
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${message}`, { cause: error });
      }
    }
  }

  async #mountOne(input: PodFieldsInput, volume: PodVolume, signal: AbortSignal): Promise<void> {
    const path = this.#pathOf(input.pod, volume);
    if (isFilesVolume(volume)) return this.#writeFiles(input, { volume, path, signal });
    if (volume.emptyDir !== undefined) return this.#makeEmptyDir(input.pod, volume, path);
    if (volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined) return this.#findClaim(input.pod, volume, signal);
    if (volume.hostPath !== undefined) return checkHostPath(path, volume.hostPath.type ?? '');
    // The runtime mounts images itself.
    if (volume.image !== undefined) return undefined;
    throw new Error('this node has no plugin for it');
  }

  async #writeFiles(input: PodFieldsInput, { volume, path, signal }: { volume: PodVolume; path: string; signal: AbortSignal }): Promise<void> {
    const { client, clock } = this.#deps;
    const { namespace = 'default' } = input.pod.metadata;
    const objects = await readReferredObjects(client, namespace, { references: volumeReferences(volume), signal });
    const tokens = new Map<string, string>();
    for (const request of volumeTokens(volume)) tokens.set(request.path, await this.#token(input.pod, request, signal));
    this.#stamps += 1;
    await writeAtomically(path, computeVolumeFiles({ ...input, volume, objects, tokens }), `${String(clock.now())}_${String(this.#stamps)}`);
  }

  /** A claim whose volume is a directory of this machine. */
  async #findClaim(pod: Pod, { name, persistentVolumeClaim }: PodVolume, signal: AbortSignal): Promise<void> {
    const { client } = this.#deps;
    const key = { namespace: pod.metadata.namespace ?? 'default', name: persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${name}` };
    const claim = await client.get(PersistentVolumeClaim, key, { signal });
    // The claim of a generic ephemeral volume has a name that somebody else may have used.
    if (persistentVolumeClaim === undefined && !isControlledBy(claim, pod))
      throw new Error(`PVC "${key.namespace}/${key.name}" was not created for pod "${key.namespace}/${pod.metadata.name}" (pod is not owner)`);
    const { spec, status } = claim;
    if (spec.volumeName === undefined || status?.phase !== 'Bound') throw new Error(`claim ${JSON.stringify(key.name)} is not bound`);
    const { spec: volume } = await client.get(PersistentVolume, { name: spec.volumeName }, { signal });
    const path = volume.hostPath?.path ?? volume.local?.path;
    if (path === undefined) throw new Error('this node has no plugin for it');
    await checkHostPath(path, volume.hostPath?.type ?? 'Directory');
    this.#claims.set(`${pod.metadata.uid ?? ''}/${name}`, path);
  }

  async #token({ metadata, spec }: Pod, { audience, expirationSeconds }: TokenRequest, signal: AbortSignal): Promise<string> {
    const { client, clock } = this.#deps;
    const key = `${metadata.uid ?? ''}/${audience}/${String(expirationSeconds)}`;
    const held = this.#tokens.get(key);
    if (held !== undefined && clock.now() < held.renewAtMs) return held.token;
    const account = { namespace: metadata.namespace ?? 'default', name: spec.serviceAccountName ?? 'default' };
    const body = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid: metadata.uid },
      },
    };
    const answer = (await client.createSubresource(ServiceAccount, account, 'token', body, { signal })) as { readonly status?: { readonly token?: string } };
    const token = answer.status?.token ?? '';
    this.#tokens.set(key, { token, renewAtMs: clock.now() + Math.min(DAY_MS, expirationSeconds * 1000 * RENEW_AT) });
    return token;
  }

  async #makeEmptyDir(pod: Pod, { emptyDir }: PodVolume, path: string): Promise<void> {
    const fresh = (await mkdir(path, { recursive: true })) !== undefined;
    if (!fresh) return;
    const isRoot = process.getuid?.() === 0;
    if (emptyDir?.medium === 'Memory' && isRoot && process.platform === 'linux') {
      const size = emptyDir.sizeLimit === undefined ? [] : ['-o', `size=${String(quantityToBytes(emptyDir.sizeLimit))}`];
      await run('mount', ['-t', 'tmpfs', ...size, 'tmpfs', path]);
    }
    const { fsGroup } = pod.spec.securityContext ?? {};
    if (fsGroup !== undefined && isRoot) await chown(path, 0, fsGroup);
    // Containers run as whatever user they like.
    await chmod(path, fsGroup === undefined ? 0o777 : 0o2777);
  }

  /** Where a container finds its volumes, and the file for its termination message. */
  async mounts(input: PodFieldsInput, container: Container, { env, attempt }: ContainerMountsInput): Promise<readonly cri.Mount[]> {
    const { pod } = input;
    const mounts: cri.Mount[] = [];
    for (const { name, mountPath, subPath = '', subPathExpr = '', readOnly = false, mountPropagation } of container.volumeMounts ?? []) {
      const volume = pod.spec.volumes?.find((each) => each.name === name);
      if (volume === undefined) throw new Error(`volume ${JSON.stringify(name)} not found`);
      const inside = subPathExpr === '' ? subPath : expandVariables(subPathExpr, env);
      if (volume.image !== undefined) {
        mounts.push({ containerPath: mountPath, readonly: true, image: { image: volume.image.reference ?? '' }, imageSubPath: inside });
        continue;
      }
      const hostPath = await subPathOf(this.#pathOf(pod, volume), inside);
      const propagation = PROPAGATIONS[mountPropagation ?? ''];
      mounts.push({ containerPath: mountPath, hostPath, readonly: readOnly, ...(propagation === undefined ? {} : { propagation }) });
    }
    if (pod.spec.hostNetwork !== true && !mounts.some(({ containerPath }) => containerPath === '/etc/hosts')) {
      mounts.push({ containerPath: '/etc/hosts', hostPath: await this.#hostsFile(input) });
    }
    mounts.push({ containerPath: container.terminationMessagePath ?? '/dev/termination-log', hostPath: await this.#terminationFile(pod, container, attempt) });
    return mounts;
  }

  /** @see kubernetes v1.36 pkg/kubelet/kubelet_pods.go (managedHostsFileContent) */
  async #hostsFile({ pod, podIPs }: PodFieldsInput): Promise<string> {
    const path = join(this.#folderOf(pod), 'etc-hosts');
    const { hostname, subdomain, hostAliases = [] } = pod.spec;
    const name = hostname ?? pod.metadata.name.slice(0, 63);
    const names = subdomain === undefined ? name : `${name}.${subdomain}.${pod.metadata.namespace ?? 'default'}.svc.cluster.local\t${name}`;
    const lines = [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      ...podIPs.map((ip) => `${ip}\t${names}`),
      ...hostAliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}`),
    ];
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o644 });
    return path;
  }

  async #terminationFile(pod: Pod, { name }: Container, attempt: number): Promise<string> {
    const path = join(this.#folderOf(pod), 'containers', name, String(attempt));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    await chmod(path, 0o666);
    return path;
  }

  /** Takes away everything that a Pod had here. */
  async remove(pod: Pod): Promise<void> {
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.emptyDir?.medium === 'Memory' && process.getuid?.() === 0 && process.platform === 'linux') {
        await run('umount', [this.#pathOf(pod, volume)]).catch(() => undefined); // it was never mounted
      }
    }
    for (const { name } of pod.spec.volumes ?? []) this.#claims.delete(`${pod.metadata.uid ?? ''}/${name}`);
    for (const key of this.#tokens.keys()) if (key.startsWith(`${pod.metadata.uid ?? ''}/`)) this.#tokens.delete(key);
    await rm(this.#folderOf(pod), { recursive: true, force: true });
  }

  #folderOf({ metadata }: Pod): string {
    return join(this.#deps.rootDirectory, 'pods', metadata.uid ?? '');
  }

  #pathOf(pod: Pod, volume: PodVolume): string {
    if (volume.hostPath !== undefined) return volume.hostPath.path;
    const claimed = this.#claims.get(`${pod.metadata.uid ?? ''}/${volume.name}`);
    if (claimed !== undefined) return claimed;
    const plugin = PLUGINS.find((each) => each in volume) ?? 'other';
    const kebab = plugin.replace(/[A-Z]+/g, (capitals) => `-${capitals.toLowerCase()}`);
    return join(this.#folderOf(pod), 'volumes', `kubernetes.io~${kebab}`, volume.name);
  }
}

/** What mounts are made of beside the Pod. */
export interface ContainerMountsInput {
  readonly env: ReadonlyMap<string, string>;
  readonly attempt: number;
}

const PLUGINS = ['configMap', 'secret', 'downwardAPI', 'projected', 'emptyDir'] as const;
const PROPAGATIONS: Readonly<Record<string, cri.MountPropagation>> = {
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

/**
 * A part of a volume, made as a directory when it is not there. It may not lead out of the volume, whatever links it goes through: each step is looked at
 * before the next one is made, so that nothing is made outside either.
 *
 * @see kubernetes v1.36 pkg/volume/util/subpath/subpath_linux.go (doSafeMakeDir)
 */
async function subPathOf(volume: string, subPath: string): Promise<string> {
  if (subPath === '') return volume;
  const path = join(volume, subPath);
  if (!path.startsWith(`${volume}/`)) throw new Error(`failed to prepare subPath for volumeMount: ${JSON.stringify(subPath)} not allowed`);
  const outer = await realpath(volume);
  let real = outer;
  for (const part of path.slice(volume.length + 1).split('/')) {
    const next = join(real, part);
    if ((await lstat(next).catch(() => undefined)) === undefined) await makeDirectory(next); // not there
    real = await realpath(next);
    if (real !== outer && !real.startsWith(`${outer}/`))
      throw new Error(`failed to prepare subPath for volumeMount: ${JSON.stringify(subPath)} leads out of the volume`);
  }
  return real;
}

/** Several containers may want the same one. */
async function makeDirectory(path: string): Promise<void> {
  await mkdir(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}

/** @see kubernetes v1.36 pkg/volume/hostpath/host_path.go */
async function checkHostPath(path: string, type: string): Promise<void> {
  const found = await stat(path).catch(() => undefined); // not there
  if (type === 'DirectoryOrCreate' && found === undefined) await mkdir(path, { recursive: true, mode: 0o755 });
  else if (type === 'FileOrCreate' && found === undefined) await writeFile(path, '', { mode: 0o644 });
  else if (type.startsWith('Directory') && found?.isDirectory() !== true) throw new Error(`hostPath type check failed: ${path} is not a directory`);
  else if (type.startsWith('File') && found?.isFile() !== true) throw new Error(`hostPath type check failed: ${path} is not a file`);
  else if (type === 'Socket' && found?.isSocket() !== true) throw new Error(`hostPath type check failed: ${path} is not a socket file`);
}
