import { randomInt } from 'node:crypto';
import { loadKubeconfig } from '@kybern/client';
import { formatTime, isAlreadyExists, parseDuration, systemClock, type Client } from '@kybern/core';
import { ClusterRoleBinding, Secret } from '@kybern/core/kinds';
import { hashOf } from '../../nodes/join-cluster.ts';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { defaultKubeconfig } from '../kubeconfig-file.ts';
import { withClient, type Command } from './command.ts';

interface TokenArgs {
  readonly action: 'create';
  readonly ttl: string;
  readonly kubeconfig: string | undefined;
}

/** `kybern token create`: lets another machine, or another agent of this one, join. */
export const tokenCommand: Command<TokenArgs> = {
  command: 'token <action>',
  describe: 'Make a token with which a further node can join, and print the command for it',
  examples: [
    ['kybern token create', 'prints the "kybern node join" command, good for a day'],
    ['kybern token create --ttl 10m', 'good for ten minutes'],
  ],
  options: (yargs) =>
    yargs
      .positional('action', { choices: ['create'] as const, describe: 'what to do' })
      .option('ttl', { type: 'string', default: '24h', describe: 'how long the token is good' })
      .option('kubeconfig', { type: 'string', describe: 'the cluster (default: $KUBECONFIG, else the one that "kybern up" wrote)' }),
  run: (args, io) => withClient(args, io, (client) => createToken(client, args, io)),
};

async function createToken(client: Client, args: TokenArgs, io: CliIo): Promise<number> {
  const ttlMs = ttlOf(args.ttl);
  const file = args.kubeconfig ?? (io.env.KUBECONFIG === undefined || io.env.KUBECONFIG === '' ? defaultKubeconfig(io) : undefined);
  const { server, certificateAuthority } = await loadKubeconfig({ env: io.env, ...(file === undefined ? {} : { file }) });
  if (certificateAuthority === undefined) throw new CliError('the kubeconfig names no certificate authority, by which a node could know the server');
  const [id, secret] = [randomText(6), randomText(16)];
  await allowBootstrapping(client);
  await client.create(Secret, {
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': id,
      'token-secret': secret,
      expiration: formatTime(systemClock().now() + ttlMs),
      'usage-bootstrap-authentication': 'true',
    },
  });
  line(io.stdout, `kybern node join --server ${server} --token ${id}.${secret} --ca-cert-hash ${hashOf(certificateAuthority)}`);
  return 0;
}

/** Who has a token may ask for a node's certificate. @see kubernetes v1.36 cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go */
async function allowBootstrapping(client: Client): Promise<void> {
  try {
    await client.create(ClusterRoleBinding, {
      metadata: { name: 'kybern:kubelet-bootstrap' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-bootstrapper' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:bootstrappers' }],
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

function ttlOf(text: string): number {
  let ttlMs = NaN;
  try {
    ttlMs = parseDuration(text);
  } catch (cause) {
    throw new CliError(`--ttl: ${text} is no duration, such as 24h`, { cause });
  }
  if (ttlMs <= 0) throw new CliError('--ttl must be more than 0');
  return ttlMs;
}

const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Nobody can guess it. */
function randomText(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)] ?? '').join('');
}
