/** CPU time that a cgroup has used, at a moment. */
export interface CpuSample {
  /** Since the cgroup was made. */
  readonly usedNs: number;
  readonly atMs: number;
}

/**
 * CPU between two samples, in billionths of a CPU. Zero when the counter went back: it is another cgroup.
 */
export function cpuNanoCores(before: CpuSample | undefined, after: CpuSample): number {
  if (before === undefined || after.atMs <= before.atMs || after.usedNs < before.usedNs) return 0;
  return Math.round(((after.usedNs - before.usedNs) / (after.atMs - before.atMs)) * 1000);
}

/** CPU time from `cpuacct.usage` (v1) or `cpu.stat` (v2); undefined when it is neither. */
export function parseCpuUsage(version: 1 | 2, text: string): number | undefined {
  const usedNs = version === 1 ? Number(text.trim() === '' ? NaN : text) : fieldOf(text, 'usage_usec') * 1000;
  return Number.isFinite(usedNs) ? usedNs : undefined;
}

/**
 * Memory that cannot be given back at once: what is used without the files that nobody has looked at for long.
 *
 * @see kubernetes v1.36 pkg/kubelet/stats/helper.go, github.com/google/cadvisor container/libcontainer/handler.go (setMemoryStats)
 */
export function workingSetBytes(version: 1 | 2, usedBytes: number, stat: string): number {
  const inactive = fieldOf(stat, version === 1 ? 'total_inactive_file' : 'inactive_file');
  return Math.max(0, usedBytes - (Number.isFinite(inactive) ? inactive : 0));
}

/** One line of a file of names and numbers. NaN when there is none. */
function fieldOf(text: string, name: string): number {
  const at = text.startsWith(`${name} `) ? 0 : text.indexOf(`\n${name} `) + 1;
  if (at === 0 && !text.startsWith(`${name} `)) return NaN;
  return Number.parseInt(text.slice(at + name.length + 1), 10);
}

/** The same of the whole machine, from `/proc/meminfo`. */
export function machineWorkingSet(meminfo: string): number {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? 0);
  return Math.max(0, kib('MemTotal') - kib('MemFree') - kib('Inactive\\(file\\)')) * 1024;
}

/** What went over a network interface since it was made. */
export interface NetworkUsage {
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

/** One interface of `/proc/PID/net/dev`; undefined when there is none of that name. */
export function parseNetworkUsage(text: string, name = 'eth0'): NetworkUsage | undefined {
  const line = text.split('\n').find((each) => each.trimStart().startsWith(`${name}:`));
  if (line === undefined) return undefined;
  const numbers = line
    .slice(line.indexOf(':') + 1)
    .trim()
    .split(/\s+/)
    .map(Number);
  const [rxBytes = 0, , rxErrors = 0, , , , , , txBytes = 0, , txErrors = 0] = numbers;
  return { rxBytes, rxErrors, txBytes, txErrors };
}
