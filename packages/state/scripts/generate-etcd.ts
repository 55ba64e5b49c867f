/**
 * Makes `src/etcd/generated/etcd.ts` from `data/etcd-table.txt`: types, encoders and decoders of the messages, and the methods of the services.
 *
 *   node --conditions=@kybern/source packages/state/scripts/generate-etcd.ts
 *
 * A message that requests are made of gets an encoder, and all of its fields are optional; one that answers are made of gets a decoder, which fills in
 * every field that is not a message. No message of the table is both. Identifiers that may use all 64 bits are `bigint`, all other integers `number`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Field {
  readonly key: string;
  readonly number: number;
  readonly type: string;
  readonly repeated: boolean;
  /** Written even when it has its default. */
  readonly explicit: boolean;
}

interface Method {
  readonly path: string;
  readonly key: string;
  readonly request: string;
  readonly response: string;
}

interface Table {
  readonly messages: ReadonlyMap<string, readonly Field[]>;
  readonly enums: ReadonlyMap<string, readonly (readonly [name: string, number: number])[]>;
  readonly methods: readonly Method[];
}

const INTEGERS = new Set(['int32', 'uint32', 'int64', 'uint64']);
/** Ids of clusters, members and leases are random over 64 bits. */
const WIDE = new Set(['id', 'clusterId', 'memberId', 'lease', 'leader']);

const HEAD = `// Made by scripts/generate-etcd.ts from data/etcd-table.txt. Do not edit.
//
// The API of etcd v3. Identifiers are \`bigint\`, all other integers \`number\`: revisions and counts stay far below 2^53.
import type { ProtoReader } from '../internal/proto-reader.ts';
import type { ProtoWriter } from '../internal/proto-writer.ts';

/** One method of one service: where it is, and how what it takes and gives is written. */
export interface EtcdMethod<Request, Response> {
  readonly path: string;
  readonly encode: (writer: ProtoWriter, request: Request) => void;
  readonly decode: (reader: ProtoReader, end: number) => Response;
}
`;

const camel = (name: string): string =>
  /^[A-Z]+$/.test(name)
    ? name.toLowerCase()
    : name
        .replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
        .replace(/ID$/, 'Id')
        .replace(/URLs$/, 'Urls')
        .replace(/TTL$/, 'Ttl');
const typeName = (name: string): string => name.replace('.', '');
const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function parse(text: string): Table {
  const messages = new Map<string, Field[]>();
  const enums = new Map<string, [string, number][]>();
  const methods: Method[] = [];
  let service = '';
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^(service|msg|enum) ([^:]+):? ?(.*)$/.exec(line) ?? [];
    if (word === 'service') service = name;
    else if (word === 'msg') messages.set(name, rest.trim() === '' ? [] : rest.trim().split(', ').map(field));
    else if (word === 'enum')
      enums.set(
        name,
        rest.split(', ').map((value) => [value.slice(0, value.indexOf('=')), Number(value.slice(value.indexOf('=') + 1))]),
      );
    else if (line.startsWith('  ')) {
      const [, rpc = '', request = '', response = ''] = /^ {2}(\S+) (?:stream )?(\S+) (?:stream )?(\S+)$/.exec(line) ?? [];
      methods.push({ path: `/etcdserverpb.${service}/${rpc}`, key: lowerFirst(rpc), request, response });
    }
  }
  return { messages, enums, methods };
}

function field(text: string): Field {
  const [, name = '', number = '', list, type = ''] = /^(\S+)=(\d+) (\[\])?(\S+)/.exec(text) ?? [];
  return { key: camel(name), number: Number(number), type, repeated: list !== undefined, explicit: text.includes('(oneof') };
}

/** The messages that a message of `roots` holds, itself included. */
function reach({ messages }: Table, roots: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const fields = messages.get(name);
    if (fields === undefined || seen.has(name)) return;
    seen.add(name);
    for (const { type } of fields) visit(type);
  };
  for (const root of roots) visit(root);
  return seen;
}

function tsType(table: Table, { key, type, repeated }: Field): string {
  const one =
    type === 'string'
      ? 'string'
      : type === 'bool'
        ? 'boolean'
        : type === 'bytes'
          ? 'Uint8Array'
          : INTEGERS.has(type)
            ? WIDE.has(key)
              ? 'bigint'
              : 'number'
            : typeName(type);
  return repeated ? `readonly ${one}[]` : one;
}

function declaration(table: Table, name: string, fields: readonly Field[], asked: boolean): string {
  const doc = `/** etcd message \`${name}\`. */`;
  if (fields.length === 0) return `${doc}\nexport type ${typeName(name)} = Readonly<Record<string, never>>;\n`;
  const lines = fields.map((each) => {
    const optional = asked || (table.messages.has(each.type) && !each.repeated);
    return `  readonly ${each.key}${optional ? '?' : ''}: ${tsType(table, each)}${optional ? ' | undefined' : ''};`;
  });
  return `${doc}\nexport interface ${typeName(name)} {\n${lines.join('\n')}\n}\n`;
}

function writeOne(table: Table, { key, number, type }: Field, value: string): string {
  if (type === 'string') return `writer.string(${number}, ${value});`;
  if (type === 'bool') return `writer.bool(${number}, ${value});`;
  if (type === 'bytes') return `writer.bytes(${number}, ${value});`;
  if (INTEGERS.has(type)) return `writer.${WIDE.has(key) ? 'wide' : 'integer'}(${number}, ${value});`;
  if (table.enums.has(type)) return `writer.integer(${number}, ${typeName(type)}Numbers[${value}]);`;
  return `{ const end = writer.end; encode${typeName(type)}(writer, ${value}); writer.length(${number}, end); }`;
}

/** The writer goes from the end to the beginning, so that the length of a message is known when it is due. */
function encoder(table: Table, name: string, fields: readonly Field[]): string {
  const lines = fields.toReversed().map((each) => {
    const at = `message.${each.key}`;
    if (each.repeated)
      return `  if (${at} !== undefined) for (let at = ${at}.length - 1; at >= 0; at -= 1) { const each = ${at}[at] as ${tsType(table, { ...each, repeated: false })}; ${writeOne(table, each, 'each')} }`;
    const empty: Readonly<Record<string, string>> = { string: "''", bool: 'false' };
    const zero =
      table.messages.has(each.type) || each.explicit || each.type === 'bytes' || table.enums.has(each.type)
        ? ''
        : ` && ${at} !== ${empty[each.type] ?? (WIDE.has(each.key) ? '0n' : '0')}`;
    return `  if (${at} !== undefined${zero}) ${writeOne(table, each, at)}`;
  });
  const parameters = fields.length === 0 ? `_writer: ProtoWriter, _message: ${typeName(name)}` : `writer: ProtoWriter, message: ${typeName(name)}`;
  return `function encode${typeName(name)}(${parameters}): void {\n${lines.join('\n')}\n}\n`;
}

function readOne(table: Table, { key, type }: Field): string {
  if (type === 'string') return 'reader.string()';
  if (type === 'bool') return 'reader.integer() !== 0';
  if (type === 'bytes') return 'reader.bytes()';
  if (INTEGERS.has(type)) return WIDE.has(key) ? `reader.wide(${type === 'int64'})` : 'reader.integer()';
  const values = table.enums.get(type);
  if (values !== undefined) return `${typeName(type)}Names[reader.integer()] ?? '${values[0]?.[0] ?? ''}'`;
  return `decode${typeName(type)}(reader, reader.message())`;
}

function defaultOf(table: Table, each: Field): string {
  if (each.repeated) return '[]';
  if (each.type === 'string') return "''";
  if (each.type === 'bool') return 'false';
  if (each.type === 'bytes') return 'NO_BYTES';
  if (INTEGERS.has(each.type)) return WIDE.has(each.key) ? '0n' : '0';
  const values = table.enums.get(each.type);
  return values === undefined ? 'undefined' : `'${values[0]?.[0] ?? ''}'`;
}

function decoder(table: Table, name: string, fields: readonly Field[]): string {
  const lists = fields.map((each) => {
    const type = each.repeated ? tsType(table, each).replace('readonly ', '') : tsType(table, each);
    const missing = table.messages.has(each.type) && !each.repeated ? ' | undefined' : '';
    return `  ${each.repeated ? 'const' : 'let'} ${each.key}: ${type}${missing} = ${defaultOf(table, each)};`;
  });
  const cases = fields.map(
    (each) => `      case ${each.number}: ${each.repeated ? `${each.key}.push(${readOne(table, each)})` : `${each.key} = ${readOne(table, each)}`}; break;`,
  );
  const body =
    fields.length === 0
      ? '  while (reader.position < end) { reader.field(); reader.skip(); }\n  return {};'
      : `${lists.join('\n')}\n  while (reader.position < end) {\n    switch (reader.field()) {\n${cases.join('\n')}\n      default: reader.skip();\n    }\n  }\n  return { ${fields.map(({ key }) => key).join(', ')} };`;
  return `function decode${typeName(name)}(reader: ProtoReader, end: number): ${typeName(name)} {\n${body}\n}\n`;
}

function generate(table: Table): string {
  const asked = reach(
    table,
    table.methods.map(({ request }) => request),
  );
  const answered = reach(
    table,
    table.methods.map(({ response }) => response),
  );
  const both = [...asked].filter((name) => answered.has(name));
  if (both.length > 0) throw new Error(`${both.join(', ')}: in requests and in answers`);
  const used = (name: string, among: ReadonlySet<string>): boolean =>
    [...among].some((message) => table.messages.get(message)?.some(({ type }) => type === name));
  const blocks: string[] = [];
  for (const [name, values] of table.enums) {
    blocks.push(`/** etcd enum \`${name}\`. */\nexport type ${typeName(name)} = ${values.map(([value]) => `'${value}'`).join(' | ')};\n`);
    if (used(name, asked))
      blocks.push(
        `const ${typeName(name)}Numbers: Readonly<Record<${typeName(name)}, number>> = { ${values.map(([value, number]) => `${value}: ${number}`).join(', ')} };\n`,
      );
    if (used(name, answered))
      blocks.push(
        `const ${typeName(name)}Names: Readonly<Record<number, ${typeName(name)}>> = { ${values.map(([value, number]) => `${number}: '${value}'`).join(', ')} };\n`,
      );
  }
  blocks.push('const NO_BYTES = new Uint8Array(0);\n');
  for (const [name, fields] of table.messages) {
    if (!asked.has(name) && !answered.has(name)) throw new Error(`${name} is not used`);
    blocks.push(declaration(table, name, fields, asked.has(name)), asked.has(name) ? encoder(table, name, fields) : decoder(table, name, fields));
  }
  const methods = table.methods.map(
    ({ path, key, request, response }) =>
      `  /** \`${path}\` */\n  ${key}: { path: '${path}', encode: encode${request}, decode: decode${response} } as EtcdMethod<${request}, ${response}>,`,
  );
  blocks.push(`/** All methods. */\nexport const etcdMethods = {\n${methods.join('\n')}\n} as const;\n`);
  return `${HEAD}\n${blocks.join('\n')}`;
}

const here = (path: string): URL => new URL(path, import.meta.url);
writeFileSync(here('../src/etcd/generated/etcd.ts'), generate(parse(readFileSync(here('../data/etcd-table.txt'), 'utf8'))));
