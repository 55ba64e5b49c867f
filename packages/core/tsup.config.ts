import { library } from '../../tsup.base.ts';

/** Each group-version is an entry of its own; what `Kind.model()` loads becomes a chunk of its own, fetched when it is first needed. */
export default library({ entry: ['src/index.ts', 'src/manifests.ts', 'src/server-side-apply/index.ts', 'src/testing/index.ts', 'src/conformance/index.ts', 'src/kinds/index.ts', 'src/kinds/*-v*.ts'] });
