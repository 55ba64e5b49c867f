import type { Environment } from '@marcbachmann/cel-js';

/** A compiled expression. */
export interface Expression {
  /** The type that it gives, in the words of the language. */
  readonly type: string;
  /** Whether it looks at the value before the change. */
  readonly usesOldSelf: boolean;
  /** How deep its loops over lists and maps are nested, and over what. */
  readonly loops: readonly Loop[];
  evaluate(variables: ReadonlyMap<string, unknown>): unknown;
}

/** A loop over a list or map, with those inside of it. */
export interface Loop {
  /** What it goes over, as a path of names beginning with `self`; undefined where it is computed. */
  readonly over: readonly string[] | undefined;
  readonly variable: string;
  readonly inner: readonly Loop[];
}

/** What is wrong with an expression. */
export interface ExpressionError {
  readonly error: string;
}

interface Node {
  readonly op: string;
  args: unknown;
  readonly meta?: { readonly alternate?: { readonly op: string; readonly args: { iterable: Node } } };
}

/** Functions that the library has, but counts UTF-16 units or takes JavaScript's regular expressions: ours stand in for them. */
const REPLACED: Readonly<Record<string, string>> = {
  matches: 'k8sMatches',
  indexOf: 'k8sIndexOf',
  lastIndexOf: 'k8sLastIndexOf',
  substring: 'k8sSubstring',
  lowerAscii: 'k8sLowerAscii',
  upperAscii: 'k8sUpperAscii',
};

const MAX_EXPRESSION_LENGTH = 100_000;

/** Compiles an expression against the variables and functions of an environment, types included. */
export function compileExpression(env: Environment, text: string): Expression | ExpressionError {
  if (text.length > MAX_EXPRESSION_LENGTH) return { error: `the expression is longer than ${MAX_EXPRESSION_LENGTH} characters` };
  try {
    const parsed = env.parse(text);
    const found = { usesOldSelf: false };
    // The library does not type its nodes; `Node` is what of them is relied on.
    const root = parsed.ast as unknown as Node;
    const loops = adapt(root, { env, found });
    const checked = parsed.check();
    if (!checked.valid) return { error: textOf(checked.error, text) };
    return { type: checked.type ?? 'dyn', usesOldSelf: found.usesOldSelf, loops, evaluate: (variables) => parsed(variables as never) as unknown };
  } catch (error) {
    return { error: textOf(error, text) };
  }
}

interface Adapting {
  readonly env: Environment;
  readonly found: { usesOldSelf: boolean };
}

/** Puts our functions in the place of the library's, and a count of steps before every loop. */
function adapt(node: Node, adapting: Adapting): Loop[] {
  if (node.op === 'id') {
    if (node.args === 'oldSelf') adapting.found.usesOldSelf = true;
    return [];
  }
  if ((node.op === 'rcall' || node.op === 'call') && Array.isArray(node.args)) {
    const name = node.args[0] as string;
    const own = Object.hasOwn(REPLACED, name) ? REPLACED[name] : undefined;
    if (own !== undefined) node.args[0] = own;
  }
  const loop = node.meta?.alternate;
  if (node.op === 'rcall' && loop?.op === 'comprehension') return [adaptLoop(node.args as [string, Node, Node[]], loop, adapting)];
  return childrenOf(node.args).flatMap((child) => adapt(child, adapting));
}

function adaptLoop([, receiver, [variable, ...body]]: [string, Node, Node[]], loop: { readonly args: { iterable: Node } }, adapting: Adapting): Loop {
  const outer = adapt(receiver, adapting);
  // As above: its nodes have no types.
  const counted = adapting.env.parse('k8sCharge(0)').ast as unknown as Node;
  (counted.args as [string, Node[]])[1][0] = receiver;
  loop.args.iterable = counted;
  const inner = body.flatMap((child) => adapt(child, adapting));
  return { over: pathOf(receiver), variable: String(variable?.args), inner: [...outer, ...inner] };
}

function childrenOf(args: unknown): Node[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as Node] : [];
}

/** `self.spec.ports` as names. */
function pathOf(node: Node): readonly string[] | undefined {
  if (node.op === 'id') return [String(node.args)];
  if (node.op !== '.' || !Array.isArray(node.args)) return undefined;
  const left = pathOf(node.args[0] as Node);
  return left === undefined ? undefined : [...left, String(node.args[1])];
}

/** As cel-go writes it: `ERROR: <input>:1:6: …`. */
function textOf(error: unknown, text: string): string {
  const { summary, range } = error as { readonly summary?: string; readonly range?: { readonly start: number } };
  const message = summary ?? (error instanceof Error ? error.message : String(error));
  if (range === undefined) return message;
  const before = text.slice(0, range.start).split('\n');
  return `ERROR: <input>:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${message}`;
}
