import { matchesPattern } from '../behaviors.ts';
import { Place } from './place.ts';
import { endlessStages, START, type Stage } from './play-stages.ts';
import { readSelector, type ScriptSelector } from './selector.ts';
import { readCurve, type UsageCurve } from './usage-curve.ts';

/** What a container uses. */
export interface ContainerUsageScript {
  readonly selects: ScriptSelector;
  readonly cpu: UsageCurve | undefined;
  readonly memory: UsageCurve | undefined;
}

/** What becomes of a container at a stage; what is unset stays as it is. */
export interface ContainerChange {
  /** What its readiness probes answer. */
  readonly ready: boolean | undefined;
  /** What its liveness and startup probes answer. */
  readonly live: boolean | undefined;
  readonly hang: boolean | undefined;
  readonly log: string | undefined;
  readonly exit: { readonly code: number; readonly reason?: string; readonly message?: string } | undefined;
  readonly usage: Omit<ContainerUsageScript, 'selects'> | undefined;
}

/** A step in the life of a container. */
export interface ContainerStage extends Stage {
  readonly selects: ScriptSelector;
  readonly next: ContainerChange;
}

/** What becomes of a node at a stage. */
export type NodeChange =
  | { readonly type: 'kill' | 'restart' | 'disconnect' | 'connect' | 'fillDisk' | 'emptyDisk' }
  | { readonly type: 'slowDown' | 'skewClock'; readonly ms: number };

/** A step in the life of a node. */
export interface NodeStage extends Stage {
  selects(nodeName: string): boolean;
  readonly next: NodeChange;
}

/** What containers and nodes do by themselves. */
export interface SimulationScript {
  readonly containers: readonly ContainerStage[];
  readonly usages: readonly ContainerUsageScript[];
  readonly nodes: readonly NodeStage[];
}

const API_VERSION = 'simulation.kybern/v1';

/**
 * Reads a script of a simulation: YAML documents of the kinds `ContainerStage`, `ContainerUsage` and `NodeStage` of `simulation.kybern/v1`.
 *
 * @param options.file what the text is called in errors
 * @throws {ScriptError} when a document is not what it should be, with file, document and field; {ApiError} when the text is not YAML
 */
export async function readSimulationScript(text: string, { file = 'stages' }: { readonly file?: string } = {}): Promise<SimulationScript> {
  const { readManifests } = await import('@kybern/core/manifests');
  const places = readManifests(text, { file }).map(({ object, document }) => new Place(`${file}, document ${String(document)}`, object));
  const of = (kind: string): readonly Place[] => places.filter((place) => place.at('kind').value === kind);
  for (const place of places) checkKind(place);
  return {
    containers: readStages(of('ContainerStage'), containerStage),
    usages: of('ContainerUsage').map(containerUsage),
    nodes: readStages(of('NodeStage'), nodeStage),
  };
}

const KINDS = ['ContainerStage', 'ContainerUsage', 'NodeStage'];

function checkKind(place: Place): void {
  place.fields('apiVersion', 'kind', 'metadata', 'spec');
  if (place.at('apiVersion').text() !== API_VERSION) place.at('apiVersion').fail(`expected ${API_VERSION}`);
  if (!KINDS.includes(place.at('kind').text())) place.at('kind').fail(`expected one of ${KINDS.join(', ')}`);
  if (!place.at('spec').isThere) place.at('spec').fail('required');
}

function readStages<S extends Stage>(places: readonly Place[], read: (place: Place) => Omit<S, 'isEndless'>): readonly S[] {
  const stages = places.map(read);
  const names = new Set(stages.map(({ name }) => name));
  places.forEach((place, index) => {
    if (stages.findIndex(({ name }) => name === stages[index]?.name) < index) place.at('metadata').at('name').fail('there is a stage of this name already');
    for (const name of stages[index]?.from ?? []) if (name !== START && !names.has(name)) place.at('spec').at('from').fail(`there is no stage "${name}"`);
  });
  const endless = endlessStages(stages);
  const atOnce = endlessStages(stages.filter(({ delayMs }) => (typeof delayMs === 'number' ? delayMs : delayMs[0]) === 0));
  places.forEach((place, index) => {
    if (atOnce.has(stages[index]?.name ?? '')) place.at('spec').at('delay').fail('the stage comes again and again without time passing');
  });
  return stages.map((stage) => ({ ...stage, isEndless: endless.has(stage.name) }) as S);
}

function stageOf(place: Place): Omit<Stage, 'isEndless'> {
  const name = place.at('metadata').at('name').text();
  if (name === START) place.at('metadata').at('name').fail(`"${START}" is the beginning and no stage`);
  const spec = place.at('spec').fields('selector', 'from', 'weight', 'delay', 'next');
  const from = spec.at('from');
  return {
    name,
    from: from.maybe((list) => (Array.isArray(list.value) ? list.list().map((each) => each.text()) : [list.text()])) ?? [START],
    weight: spec.at('weight').maybe((weight) => weight.whole(1)) ?? 1,
    delayMs: spec.at('delay').maybe(delayOf) ?? 0,
  };
}

/** `5s`, or `{ duration: 5s, jitter: 7s }`: something from the one to the other. */
function delayOf(place: Place): number | readonly [number, number] {
  if (typeof place.value !== 'object') return place.durationMs();
  const duration = place.fields('duration', 'jitter').at('duration').durationMs();
  const jitter = place.at('jitter').maybe((each) => each.durationMs());
  if (jitter === undefined) return duration;
  return jitter < duration ? place.at('jitter').fail('expected at least the duration: the delay is something between the two') : [duration, jitter];
}

function containerStage(place: Place): Omit<ContainerStage, 'isEndless'> {
  const next = place.at('spec').at('next').fields('ready', 'live', 'hang', 'log', 'exit', 'oomKill', 'usage');
  const ends = ['exit', 'oomKill'].filter((key) => next.at(key).isThere);
  if (ends.length > 1) next.fail('a container ends by one of exit and oomKill');
  return {
    ...stageOf(place),
    selects: readSelector(place.at('spec').at('selector')),
    next: {
      ready: next.at('ready').maybe((flag) => flag.flag()),
      live: next.at('live').maybe((flag) => flag.flag()),
      hang: next.at('hang').maybe((flag) => flag.flag()),
      log: next.at('log').maybe((text) => text.text()),
      exit: next.at('exit').maybe(exitOf) ?? next.at('oomKill').maybe((flag) => (flag.flag() ? { code: 137, reason: 'OOMKilled' } : undefined)),
      usage: next.at('usage').maybe((usage) => curvesOf(usage.fields('cpu', 'memory'))),
    },
  };
}

function exitOf(place: Place): NonNullable<ContainerChange['exit']> {
  place.fields('code', 'reason', 'message');
  const [reason, message] = [place.at('reason').maybe((text) => text.text()), place.at('message').maybe((text) => text.text())];
  return {
    code: place.at('code').maybe((code) => code.whole()) ?? 0,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
  };
}

function containerUsage(place: Place): ContainerUsageScript {
  const spec = place.at('spec').fields('selector', 'cpu', 'memory');
  return { selects: readSelector(spec.at('selector')), ...curvesOf(spec) };
}

function curvesOf(place: Place): Omit<ContainerUsageScript, 'selects'> {
  return { cpu: place.at('cpu').maybe(readCurve), memory: place.at('memory').maybe(readCurve) };
}

const NODE_FLAGS = ['kill', 'restart', 'disconnect', 'connect'] as const;

function nodeStage(place: Place): Omit<NodeStage, 'isEndless'> {
  const selector = place.at('spec').at('selector');
  const pattern = selector.maybe((each) =>
    each
      .fields('node')
      .at('node')
      .maybe((node) => node.text()),
  );
  const selects = (nodeName: string): boolean => pattern === undefined || matchesPattern(pattern, nodeName);
  return { ...stageOf(place), selects, next: nodeChange(place.at('spec').at('next')) };
}

function nodeChange(place: Place): NodeChange {
  const known = [...NODE_FLAGS, 'fullDisk', 'slowDown', 'skewClock'];
  const given = Object.keys(place.fields(...known).value as object);
  const [key] = given;
  if (given.length !== 1 || key === undefined) return place.fail(`expected exactly one of ${known.join(', ')}`);
  if (key === 'slowDown') return { type: key, ms: place.at(key).durationMs() };
  if (key === 'skewClock') return { type: key, ms: place.at(key).text().startsWith('-') ? -negated(place.at(key)) : place.at(key).durationMs() };
  const flag = place.at(key).flag();
  if (key === 'fullDisk') return { type: flag ? 'fillDisk' : 'emptyDisk' };
  return flag ? { type: key as (typeof NODE_FLAGS)[number] } : place.at(key).fail('expected true');
}

function negated(place: Place): number {
  return new Place(place.where, place.text().slice(1)).durationMs();
}
