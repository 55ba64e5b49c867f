import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { RuntimeError } from '../errors.ts';
import type { ContainerConfig, PodSandboxConfig } from '../generated/cri.ts';
import type { LocalImage } from './local-images.ts';

/** How a process is started. */
export interface Launch {
  /** The program by its path, and its arguments. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Default: those of this process. */
  readonly uid?: number;
  readonly gid?: number;
}

/** What a {@link Launch} is computed from. */
export interface LaunchInput {
  readonly config: ContainerConfig;
  readonly sandbox: PodSandboxConfig;
  readonly image: LocalImage;
  /** The container's own folder, which it sees as nothing but a folder. */
  readonly root: string;
  readonly ip: string;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
}

/** What of the machine's environment every process gets. */
const INHERITED = ['PATH', 'LANG', 'TZ', 'TMPDIR'];

/**
 * How a container's process is started: command and arguments as Kubernetes combines them with the image's, an environment of its own, its own folder.
 *
 * @throws {RuntimeError} `INVALID_ARGUMENT` when there is no command
 */
export function computeLaunch({ config, sandbox, image, root, ip, hostEnv }: LaunchInput): Launch {
  const command = config.command ?? [];
  const args = config.args ?? [];
  const argv = command.length > 0 ? [...command, ...args] : [...(image.command ?? []), ...args];
  if (argv.length === 0) {
    const message = `image "${config.image.userSpecifiedImage ?? config.image.image}" stands for no command of this machine, and the container names none`;
    throw new RuntimeError('INVALID_ARGUMENT', `no command specified: ${message}`);
  }
  const { runAsUser, runAsGroup } = config.linux?.securityContext ?? {};
  const env: Record<string, string> = { HOME: root, HOSTNAME: sandbox.hostname ?? '', KYBERN_ROOT: root, KYBERN_IP: ip };
  for (const key of INHERITED) if (hostEnv[key] !== undefined) env[key] = hostEnv[key];
  Object.assign(env, image.env);
  for (const { key, value } of config.envs ?? []) env[key] = value;
  return {
    argv,
    cwd: workingDirectory(config.workingDir ?? '', image, root),
    env,
    ...(runAsUser === undefined ? {} : { uid: runAsUser.value, gid: runAsGroup?.value ?? runAsUser.value }),
  };
}

/** A directory that is mounted is found below the container's folder; any other is the machine's. */
function workingDirectory(wanted: string, image: LocalImage, root: string): string {
  if (wanted === '') return image.workingDirectory ?? root;
  const inside = join(root, wanted);
  return existsSync(inside) || !isAbsolute(wanted) ? inside : wanted;
}

/**
 * Finds a program as a shell would.
 *
 * @throws {RuntimeError} `UNKNOWN`, in the words of runc, when there is none
 */
export function resolveProgram(name: string, { cwd, env }: Pick<Launch, 'cwd' | 'env'>): string {
  const candidates = name.includes('/') ? [join(isAbsolute(name) ? '' : cwd, name)] : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  const found = candidates.find(isProgram);
  if (found !== undefined) return found;
  const why = !name.includes('/') ? 'executable file not found in $PATH' : existsSync(candidates[0] ?? '') ? 'permission denied' : 'no such file or directory';
  const what = name.includes('/') ? `exec: "${name}": stat ${name}: ${why}` : `exec: "${name}": ${why}`;
  throw new RuntimeError('UNKNOWN', `failed to start process: ${what}`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // not there, or not to be run
  }
}

/** Shows what is mounted below the container's folder, as links. What the machine does not have is made as a directory, as containerd does. */
export async function linkMounts({ mounts = [] }: ContainerConfig, root: string): Promise<void> {
  for (const { containerPath, hostPath = '' } of mounts) {
    const link = join(root, containerPath);
    if (hostPath === '' || existsSync(link)) continue;
    if (!existsSync(hostPath)) await mkdir(hostPath, { recursive: true });
    await mkdir(dirname(link), { recursive: true });
    await symlink(hostPath, link);
  }
}

/** A command that runs in a terminal, by `script`, which every Linux and macOS has. */
export function inTerminal(argv: readonly string[]): readonly string[] {
  if (process.platform === 'darwin') return ['script', '-q', '/dev/null', ...argv];
  return ['script', '-q', '-e', '-c', argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '), '/dev/null'];
}
