/** One object or list that is being read. */
interface Open {
  /** The keys so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
  readonly path: string;
  /** The key of the member, or the index of the item, that is being read. */
  key: string;
  index: number;
}

/** At most so many are named. @see kubernetes v1.36 …/runtime/serializer/json (strict errors are cut after ten by the API server) */
const MAX_NAMED = 10;

/**
 * The fields that a JSON text has more than once, each with its path, as Kubernetes' strict decoder names them.
 *
 * @param text well-formed JSON
 * @see kubernetes v1.36 vendor/sigs.k8s.io/json/internal/golang/encoding/json/kubernetes_patch.go (duplicateStrictErrType)
 */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>();
  const open: Open[] = [];
  let keyExpected = false;
  for (let i = 0; i < text.length && found.size < MAX_NAMED; i++) {
    const top = open.at(-1);
    switch (text[i]) {
      case '{':
      case '[':
        open.push({ keys: text[i] === '{' ? new Set() : undefined, path: top === undefined ? '' : pathIn(top), key: '', index: 0 });
        keyExpected = text[i] === '{';
        break;
      case '}':
      case ']':
        open.pop();
        keyExpected = false;
        break;
      case ',':
        if (top?.keys === undefined) {
          if (top !== undefined) top.index += 1;
        } else keyExpected = true;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (keyExpected && top?.keys !== undefined) {
          top.key = JSON.parse(text.slice(i, end + 1)) as string;
          if (top.keys.has(top.key)) found.add(`duplicate field "${pathIn(top)}"`);
          top.keys.add(top.key);
          keyExpected = false;
        }
        i = end;
        break;
      }
      default:
    }
  }
  return [...found];
}

function pathIn({ keys, path, key, index }: Open): string {
  if (keys === undefined) return `${path}[${String(index)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}
