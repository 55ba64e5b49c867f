import type { DefaultsByKind } from './access.ts';
import { defaults as stable } from './resource-v1.ts';

/** The beta version has the defaults of the stable one. */
export const defaults: DefaultsByKind = stable;
