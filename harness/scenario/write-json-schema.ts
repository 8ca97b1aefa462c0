import { writeFileSync } from 'node:fs';
import { packageFile } from '../package-files.ts';
import { scenarioJsonSchemaText } from './json-schema.ts';

/** Run after a change of `schema.ts`: `node dist/harness/scenario/write-json-schema.js`. */
writeFileSync(packageFile('scenario.schema.json'), scenarioJsonSchemaText());
