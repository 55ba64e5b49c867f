/**
 * Makes `src/generated/cri.ts` (types) and `src/generated/cri-schema.ts` (the same as data, for the wire) from `data/cri-table.txt`.
 *
 *   node --conditions=@kybern/source packages/runtime-cri/scripts/generate-cri.ts
 *
 * Fields are named as in proto JSON, enums are unions of their names, `int64` and `uint64` are `number` (see the head of the output), `bytes` is
 * `Uint8Array`. Proto3 has no required fields; a field is optional here unless {@link REQUIRED} says that a message means nothing without it.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'boolean',
  bytes: 'Uint8Array',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  uint64: 'number',
  double: 'number',
};

/** What every implementation of the port fills in (answers) and every caller has to give (requests). */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  AttachRequest: ['containerId'],
  Container: ['id', 'podSandboxId', 'metadata', 'image', 'imageRef', 'state', 'createdAt', 'labels', 'annotations'],
  ContainerAttributes: ['id', 'metadata', 'labels', 'annotations'],
  ContainerConfig: ['metadata', 'image'],
  ContainerEventResponse: ['containerId', 'containerEventType', 'createdAt', 'containersStatuses'],
  ContainerMetadata: ['name', 'attempt'],
  ContainerStateValue: ['state'],
  ContainerStats: ['attributes'],
  ContainerStatsRequest: ['containerId'],
  ContainerStatus: [
    'id',
    'metadata',
    'state',
    'createdAt',
    'startedAt',
    'finishedAt',
    'exitCode',
    'image',
    'imageRef',
    'reason',
    'message',
    'labels',
    'annotations',
  ],
  ContainerStatusRequest: ['containerId'],
  CheckpointContainerRequest: ['containerId'],
  CreateContainerRequest: ['podSandboxId', 'config', 'sandboxConfig'],
  CreateContainerResponse: ['containerId'],
  ExecRequest: ['containerId', 'cmd'],
  ExecSyncRequest: ['containerId', 'cmd'],
  ExecSyncResponse: ['stdout', 'stderr', 'exitCode'],
  FilesystemIdentifier: ['mountpoint'],
  FilesystemUsage: ['timestamp'],
  Image: ['id', 'repoTags', 'repoDigests', 'size'],
  ImageFsInfoResponse: ['imageFilesystems', 'containerFilesystems'],
  ImageSpec: ['image'],
  ImageStatusRequest: ['image'],
  Int64Value: ['value'],
  KeyValue: ['key', 'value'],
  ListContainerStatsResponse: ['stats'],
  ListContainersResponse: ['containers'],
  ListImagesResponse: ['images'],
  ListPodSandboxResponse: ['items'],
  ListPodSandboxStatsResponse: ['stats'],
  Mount: ['containerPath'],
  NetworkConfig: ['podCidr'],
  PodIP: ['ip'],
  PodSandbox: ['id', 'metadata', 'state', 'createdAt', 'labels', 'annotations'],
  PodSandboxAttributes: ['id', 'metadata', 'labels', 'annotations'],
  PodSandboxConfig: ['metadata'],
  PodSandboxMetadata: ['name', 'uid', 'namespace', 'attempt'],
  PodSandboxNetworkStatus: ['ip', 'additionalIps'],
  PodSandboxStateValue: ['state'],
  PodSandboxStats: ['attributes'],
  PodSandboxStatsRequest: ['podSandboxId'],
  PodSandboxStatus: ['id', 'metadata', 'state', 'createdAt', 'labels', 'annotations'],
  PodSandboxStatusRequest: ['podSandboxId'],
  PodSandboxStatusResponse: ['status'],
  PortForwardRequest: ['podSandboxId', 'port'],
  PullImageRequest: ['image'],
  PullImageResponse: ['imageRef'],
  RemoveContainerRequest: ['containerId'],
  RemoveImageRequest: ['image'],
  RemovePodSandboxRequest: ['podSandboxId'],
  ReopenContainerLogRequest: ['containerId'],
  RunPodSandboxRequest: ['config'],
  RunPodSandboxResponse: ['podSandboxId'],
  RuntimeCondition: ['type', 'status', 'reason', 'message'],
  RuntimeStatus: ['conditions'],
  StartContainerRequest: ['containerId'],
  StatusResponse: ['status'],
  StopContainerRequest: ['containerId'],
  StopPodSandboxRequest: ['podSandboxId'],
  UInt64Value: ['value'],
  UpdateContainerResourcesRequest: ['containerId'],
  UpdatePodSandboxResourcesRequest: ['podSandboxId'],
  VersionResponse: ['version', 'runtimeName', 'runtimeVersion', 'runtimeApiVersion'],
};

/** An environment value is text in the API, and `string` and `bytes` are the same on the wire. */
const TYPES: Readonly<Record<string, string>> = { 'KeyValue.value': 'string' };

const HEAD = `// Made by scripts/generate-cri.ts from data/cri-table.txt. Do not edit.
//
// The CRI (runtime.v1) as proto JSON names it. \`int64\` and \`uint64\` are plain numbers: sizes, quotas and counts stay far below 2^53, and timestamps
// (nanoseconds since the Unix epoch) are exact to about 256 ns, which is finer than the clocks they come from.
import type { CallOptions } from '@kybern/core';
import type { Observable } from 'rxjs';
`;

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const typeName = (name: string): string => name.replace('.', '');

/** A nested type is written without its message's name where a field of that message uses it. */
const NESTED: Readonly<Record<string, string>> = { ProfileType: 'SecurityProfile.ProfileType' };

function fieldType(type: string): string {
  if (type.startsWith('map<')) return `Readonly<Record<string, ${fieldType(type.slice('map<string,'.length, -1))}>>`;
  if (type.startsWith('[]')) return `readonly ${fieldType(type.slice(2))}[]`;
  return SCALARS[type] ?? typeName(NESTED[type] ?? type);
}

function message(name: string, fields: string): string {
  const required = new Set(REQUIRED[name] ?? []);
  const lines =
    fields === ''
      ? []
      : fields.split(', ').map((field) => {
          const [, rawName = '', type = ''] = /^(\S+)=\d+ (\S+)/.exec(field) ?? [];
          const key = camel(rawName);
          const optional = required.delete(key) ? '' : '?';
          return `  readonly ${key}${optional}: ${TYPES[`${name}.${key}`] ?? fieldType(type)};`;
        });
  if (required.size > 0) throw new Error(`${name} has no field ${[...required].join(', ')}`);
  const doc = `/** CRI message \`${name}\`. */`;
  if (lines.length === 0) return `${doc}\nexport type ${name} = Readonly<Record<string, never>>;\n`;
  return `${doc}\nexport interface ${typeName(name)} {\n${lines.join('\n')}\n}\n`;
}

function enumeration(name: string, values: string): string {
  const union = values.split(', ').map((value) => `'${value.slice(0, value.indexOf('='))}'`);
  return `/** CRI enum \`${name}\`. */\nexport type ${typeName(name)} =\n  | ${union.join('\n  | ')};\n`;
}

function service(name: string, methods: readonly string[]): string {
  const lines = methods.map((method) => {
    const [, rpc = '', request = '', stream, response = ''] = /^ {2}(\S+) (\S+) (stream )?(\S+)$/.exec(method) ?? [];
    const key = rpc.charAt(0).toLowerCase() + rpc.slice(1);
    const result = stream === undefined ? `Promise<${response}>` : `Observable<${response}>`;
    return `  /** CRI method \`${rpc}\`. */\n  ${key}(request: ${request}, options?: CallOptions): ${result};`;
  });
  return `/** CRI service \`${name}\`: one method per RPC. */\nexport interface ${name} {\n${lines.join('\n')}\n}\n`;
}

function generate(table: string): string {
  const blocks: string[] = [];
  const lines = table.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const [, word, name = '', rest = ''] = /^(service|msg|enum) ([^:]+):? ?(.*)$/.exec(line) ?? [];
    if (word === 'service') {
      const methods: string[] = [];
      while (lines[i + 1]?.startsWith('  ') === true) methods.push(lines[++i] ?? '');
      blocks.push(service(name, methods));
    } else if (word === 'msg') blocks.push(message(name, rest.trim()));
    else if (word === 'enum') blocks.push(enumeration(name, rest));
  }
  return `${HEAD}\n${blocks.join('\n')}`;
}

const SCHEMA_HEAD = `// Made by scripts/generate-cri.ts from data/cri-table.txt. Do not edit.
//
// The CRI (runtime.v1) as data: what the wire needs to know of its messages and methods.
import type { FieldSchema, MethodSchema, ProtoSchema } from '../grpc-kit/schema.ts';
`;

function fieldSchema(name: string, field: string): string {
  const [, rawName = '', number = '', list, rawType = ''] = /^(\S+)=(\d+) (\[\])?(\S+)/.exec(field) ?? [];
  const key = camel(rawName);
  const label = list === undefined ? (rawType.startsWith('map<') ? 'map' : undefined) : 'repeated';
  const plain = label === 'map' ? 'string' : rawType;
  const type = TYPES[`${name}.${key}`] === 'string' ? 'string' : typeName(NESTED[plain] ?? plain);
  const required = REQUIRED[name]?.includes(key) === true;
  return `{ number: ${number}, key: '${key}', type: '${type}'${label === undefined ? '' : `, label: '${label}'`}${required ? ', required: true' : ''} }`;
}

function schema(table: string): string {
  const messages: string[] = [];
  const enums: string[] = [];
  const methods: string[] = [];
  let service = '';
  for (const line of table.split('\n')) {
    const [, word, name = '', rest = ''] = /^(service|msg|enum) ([^:]+):? ?(.*)$/.exec(line) ?? [];
    const [, rpc = '', request = '', stream, response = ''] = /^ {2}(\S+) (\S+) (stream )?(\S+)$/.exec(line) ?? [];
    if (word === 'service') service = name;
    else if (word === 'msg')
      messages.push(
        `  ${typeName(name)}: [${
          rest.trim() === ''
            ? ''
            : rest
                .trim()
                .split(', ')
                .map((field) => fieldSchema(name, field))
                .join(', ')
        }],`,
      );
    else if (word === 'enum')
      enums.push(
        `  ${typeName(name)}: { ${rest
          .split(', ')
          .map((value) => value.replace('=', ': '))
          .join(', ')} },`,
      );
    else if (rpc !== '') {
      const key = rpc.charAt(0).toLowerCase() + rpc.slice(1);
      methods.push(
        `  ${key}: { path: '/runtime.v1.${service}/${rpc}', request: '${request}', response: '${response}'${stream === undefined ? '' : ', stream: true'} },`,
      );
    }
  }
  return [
    SCHEMA_HEAD,
    `const messages: Readonly<Record<string, readonly FieldSchema[]>> = {\n${messages.join('\n')}\n};\n`,
    `const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {\n${enums.join('\n')}\n};\n`,
    `/** Messages and enums of the CRI. */\nexport const criSchema: ProtoSchema = { messages, enums };\n`,
    `/** Methods of both services, by their names in TypeScript. */\nexport const criMethods: Readonly<Record<string, MethodSchema>> = {\n${methods.join('\n')}\n};\n`,
  ].join('\n');
}

const here = (path: string): URL => new URL(path, import.meta.url);
const table = readFileSync(here('../data/cri-table.txt'), 'utf8');
writeFileSync(here('../src/generated/cri.ts'), generate(table));
writeFileSync(here('../src/generated/cri-schema.ts'), schema(table));
