import type { HealthCheck } from '../manager.ts';

/** What a probe is answered. */
export interface ProbeAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What a probe asks for. */
export interface ProbeQuery {
  /** The one check to look at; empty: all. */
  readonly name: string;
  readonly verbose: boolean;
  readonly exclude: readonly string[];
}

/** What the checks amount to, in the words of Kubernetes' own programs. @see kubernetes v1.36 staging/src/k8s.io/apiserver/pkg/server/healthz/healthz.go */
export function probeAnswer(endpoint: string, checks: readonly HealthCheck[], { name, verbose, exclude }: ProbeQuery): ProbeAnswer {
  const type = 'text/plain; charset=utf-8';
  if (name !== '') {
    const check = checks.find((each) => each.name === name);
    if (check === undefined) return { status: 404, type, text: 'not found\n' };
    return check.failure === undefined ? { status: 200, type, text: 'ok' } : { status: 500, type, text: `internal server error: ${check.failure}\n` };
  }
  const lines = checks.map((check) => {
    if (exclude.includes(check.name)) return `[+]${check.name} excluded: ok\n`;
    return check.failure === undefined ? `[+]${check.name} ok\n` : `[-]${check.name} failed: ${check.failure}\n`;
  });
  const fails = lines.some((line) => line.startsWith('[-]'));
  if (fails) return { status: 500, type, text: `${lines.join('')}${endpoint} check failed\n` };
  return { status: 200, type, text: verbose ? `${lines.join('')}${endpoint} check passed\n` : 'ok' };
}
