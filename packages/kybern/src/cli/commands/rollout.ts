import { controllerOf, getCondition, sleep, systemClock, type Client } from '@kybern/core';
import { Deployment, ReplicaSet } from '@kybern/core/kinds';
import { CliError } from '../errors.ts';
import { line, type CliIo } from '../io.ts';
import { cliKinds, displayName, parseResourceArguments } from '../resource-argument.ts';
import { align } from '../table-text.ts';
import { clusterOptions, withClient, type ClusterArgs, type Command } from './command.ts';

interface RolloutArgs extends ClusterArgs {
  readonly action: 'status' | 'undo' | 'history' | 'restart';
  readonly resources: readonly string[];
  readonly toRevision: number;
}

const REVISION = 'deployment.kubernetes.io/revision';
const CHANGE_CAUSE = 'kubernetes.io/change-cause';
const HASH_LABEL = 'pod-template-hash';
const POLL_MS = 100;

/** `kybern rollout`: follows, repeats and takes back updates of a Deployment. */
export const rolloutCommand: Command<RolloutArgs> = {
  command: 'rollout <action> <resources..>',
  describe: 'Follow, undo, restart or list the updates of a Deployment',
  examples: [
    ['kybern rollout status deployment/nginx-deployment', 'wait until the update is done'],
    ['kybern rollout undo deployment/nginx-deployment', 'back to the revision before'],
    ['kybern rollout history deployment/nginx-deployment', 'the revisions there are'],
  ],
  options: (yargs) =>
    clusterOptions(yargs)
      .positional('action', { choices: ['status', 'undo', 'history', 'restart'] as const, describe: 'what to do' })
      .positional('resources', { type: 'string', array: true, describe: 'deployment/NAME, or deployment NAME' })
      .option('to-revision', { type: 'number', default: 0, describe: 'undo: the revision to go back to; 0 is the one before' }),
  run: (args, io) =>
    withClient(args, io, async (client) => {
      const name = deploymentName(args.resources);
      const key = { namespace: args.namespace, name };
      switch (args.action) {
        case 'status':
          return await status(client, key, io);
        case 'undo':
          return await undo(client, key, { io, toRevision: args.toRevision });
        case 'history':
          return await history(client, key, io);
        case 'restart':
          return await restart(client, key, io);
      }
    }),
};

interface Key {
  readonly namespace: string;
  readonly name: string;
}

function deploymentName(resources: readonly string[]): string {
  const [target, ...more] = parseResourceArguments(resources, cliKinds());
  if (more.length > 0) throw new CliError('name one Deployment');
  if (target?.kind !== Deployment || target.name === undefined) throw new CliError('only Deployments have rollouts here: deployment/NAME');
  return target.name;
}

/** @see kubernetes v1.36 staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go (DeploymentStatusViewer) */
async function status(client: Client, key: Key, io: CliIo): Promise<number> {
  const clock = systemClock();
  let last = '';
  for (;;) {
    const { text, done } = progressOf(await client.get(Deployment, key, { signal: io.interrupted }));
    if (text !== last) line(io.stdout, text);
    if (done) return 0;
    last = text;
    await sleep(clock, POLL_MS, { signal: io.interrupted });
  }
}

function progressOf(deployment: Deployment): { readonly text: string; readonly done: boolean } {
  const { name, generation = 0 } = deployment.metadata;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = deployment.status ?? {};
  const wanted = deployment.spec.replicas ?? 1;
  if (generation > observedGeneration) return { text: 'Waiting for deployment spec update to be observed...', done: false };
  if (getCondition(deployment, 'Progressing')?.reason === 'ProgressDeadlineExceeded')
    throw new CliError(`error: deployment "${name}" exceeded its progress deadline`);
  const waiting = (what: string): { text: string; done: boolean } => ({ text: `Waiting for deployment "${name}" rollout to finish: ${what}`, done: false });
  if (updatedReplicas < wanted) return waiting(`${String(updatedReplicas)} out of ${String(wanted)} new replicas have been updated...`);
  if (replicas > updatedReplicas) return waiting(`${String(replicas - updatedReplicas)} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas) return waiting(`${String(availableReplicas)} of ${String(updatedReplicas)} updated replicas are available...`);
  return { text: `deployment "${name}" successfully rolled out`, done: true };
}

async function revisions(client: Client, deployment: Deployment): Promise<readonly { readonly revision: number; readonly replicaSet: ReplicaSet }[]> {
  const list = await client.list(ReplicaSet, { namespace: deployment.metadata.namespace ?? 'default' });
  return list.items
    .filter((replicaSet) => controllerOf(replicaSet)?.uid === deployment.metadata.uid)
    .map((replicaSet) => ({ revision: Number(replicaSet.metadata.annotations?.[REVISION] ?? 0), replicaSet }))
    .sort((a, b) => a.revision - b.revision);
}

/** @see kubernetes v1.36 staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollback.go (DeploymentRollbacker) */
async function undo(client: Client, key: Key, { io, toRevision }: { io: CliIo; toRevision: number }): Promise<number> {
  const deployment = await client.get(Deployment, key);
  if (deployment.spec.paused === true) throw new CliError(`error: cannot roll back a paused deployment; resume it first, then try again`);
  const all = await revisions(client, deployment);
  const target = toRevision === 0 ? all.at(-2) : all.find(({ revision }) => revision === toRevision);
  if (target === undefined)
    throw new CliError(
      toRevision === 0
        ? `error: no rollout history found for deployment "${key.name}"`
        : `error: unable to find specified revision ${String(toRevision)} in history`,
    );
  const { [HASH_LABEL]: _, ...labels } = target.replicaSet.spec.template?.metadata?.labels ?? {};
  const template = { ...target.replicaSet.spec.template, metadata: { ...target.replicaSet.spec.template?.metadata, labels } };
  const before = deployment.metadata.resourceVersion;
  const patch = [{ op: 'replace', path: '/spec/template', value: JSON.parse(JSON.stringify(template)) }] as const;
  const after = await client.patch(Deployment, key, { type: 'json', patch }, { fieldManager: 'kybern' });
  const skipped =
    after.metadata.resourceVersion === before ? ` skipped rollback (current template already matches revision ${String(target.revision)})` : ' rolled back';
  line(io.stdout, `${displayName(Deployment, key.name)}${skipped}`);
  return 0;
}

async function history(client: Client, key: Key, io: CliIo): Promise<number> {
  const all = await revisions(client, await client.get(Deployment, key));
  line(io.stdout, displayName(Deployment, key.name));
  const rows = all.map(({ revision, replicaSet }) => [String(revision), replicaSet.metadata.annotations?.[CHANGE_CAUSE] ?? '<none>']);
  line(io.stdout, align([['REVISION', 'CHANGE-CAUSE'], ...rows]));
  return 0;
}

async function restart(client: Client, key: Key, io: CliIo): Promise<number> {
  const at = new Date(systemClock().now()).toISOString();
  const patch = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } };
  await client.patch(Deployment, key, { type: 'strategic', patch }, { fieldManager: 'kybern' });
  line(io.stdout, `${displayName(Deployment, key.name)} restarted`);
  return 0;
}
