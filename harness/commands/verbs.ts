import { writeFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { EXIT, type ExitCode, nearestName, UsageError } from '../errors.ts';
import { packageVersion } from '../package-files.ts';
import { readRun } from '../record/read-run.ts';
import { DEFAULT_OUT_FOLDER } from '../record/store.ts';
import { parseDuration, parsePercentage, parseRows, type Reading } from '../scenario/quantities.ts';
import { compareCommand } from './compare.ts';
import { type CommandResult, costCommand } from './cost.ts';
import { explainText } from './explain.ts';
import { gateCommand } from './gate.ts';
import { listText } from './list.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { serveCommand } from './serve.ts';

const VERBS = ['run', 'list', 'explain', 'report', 'compare', 'gate', 'cost', 'serve'];

/** Parses the command line and runs the verb. Throws UsageError for what it cannot understand. */
export async function parseCommandLine(words: readonly string[]): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const done = (result: ExitCode): void => {
    code = result;
  };
  const parser = yargs()
    .scriptName('inferometer')
    .usage('$0 <verb>\n\nMeasures what serving a model costs: latency, throughput, hardware and money.')
    .version(packageVersion())
    .wrap(88)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'Name a verb; try: npx inferometer run smoke')
    .epilogue('Exit codes: 0 fine, 1 a gate failed, 2 cannot answer, 3 usage, 4 target or internal error.')
    .exitProcess(false)
    .fail((message, error) => {
      if (error !== undefined && error !== null) throw error;
      throw new UsageError(usageMessage(message, words), 'See: npx inferometer --help');
    });
  addMeasuring(parser, done);
  addReading(parser, done);
  await parser.parseAsync([...words]);
  return code;
}

/** `Unknown argument: rnu` with the verb that was probably meant. */
function usageMessage(message: string, [first = '']: readonly string[]): string {
  const nearest = VERBS.includes(first) ? undefined : nearestName(first, VERBS);
  return nearest === undefined ? message : `Unknown verb "${first}". Did you mean "${nearest}"?`;
}

type Done = (code: ExitCode) => void;

/** Verbs that start servers or send load. */
function addMeasuring(parser: Argv, done: Done): void {
  parser
    .command(
      'run <scenario>',
      'Run a named scenario or a scenario file to a report',
      (verb) =>
        verb
          .positional('scenario', {
            type: 'string',
            demandOption: true,
            describe: 'a name from `list`, or a YAML file',
          })
          .option('dry-run', {
            type: 'boolean',
            default: false,
            describe: 'say what would be done; send nothing',
          })
          .option('set', { type: 'string', array: true, default: [], describe: 'path=value, over the file' })
          .option('quick', { type: 'boolean', default: false, describe: 'a third of the time, one trial' })
          .option('trials', { type: 'number', describe: 'independent repetitions of every case' })
          .option('seed', { type: 'number', describe: 'of schedules, payloads and order' })
          .option('url', { type: 'string', describe: 'drive this server instead of the bundled one' })
          .option('protocol', { type: 'string', describe: 'of that server: oip-rest' })
          .option('model', { type: 'string', describe: 'its name on that server, or a bundled model' })
          .option('as-found', {
            type: 'boolean',
            default: false,
            describe: 'measure the one setting a server runs',
          })
          .option('json', { type: 'boolean', default: false, describe: 'print the record and nothing else' })
          .option('out', { type: 'string', default: DEFAULT_OUT_FOLDER, describe: 'folder of the results' })
          .example('$0 run batching', 'which batch size and queue delay?')
          .example('$0 run batching --dry-run', 'cases, time, and what they can tell')
          .example('$0 run capacity --url http://127.0.0.1:8000 --model ranker', 'a server of your own'),
      async (args) => done(await runCommand(given(args))),
    )
    .command(
      'serve',
      'Serve a bundled model or an ONNX file over the Open Inference Protocol',
      (verb) =>
        verb
          .option('model', {
            type: 'string',
            array: true,
            default: ['recommender'],
            describe: 'name or path',
          })
          .option('host', { type: 'string', default: '127.0.0.1', describe: 'address to listen on' })
          .option('port', { type: 'number', default: 8000, describe: '0 for any free port' })
          .option('instances', { type: 'number', default: 1, describe: 'sessions, each in a thread' })
          .option('threads', { type: 'number', default: 1, describe: 'intra-op threads an instance' })
          .option('provider', {
            choices: ['auto', 'cpu', 'webgpu', 'cuda'] as const,
            default: 'auto' as const,
          })
          .option('max-rows', { type: 'number', default: 32, describe: 'largest batch; 1 is no batching' })
          .option('max-delay', {
            type: 'string',
            default: '0ms',
            describe: 'the oldest request waits at most',
          })
          .option('max-queue', { type: 'string', default: '512 rows', describe: 'beyond it: 503' })
          .option('in-flight', {
            type: 'number',
            default: 1,
            describe: 'batches handed to an instance at once',
          })
          .example('$0 serve --model recommender --max-rows 32', 'then: run capacity --url ...'),
      async (args) => done(await serveCommand({ ...args, batching: batchingOf(args) })),
    );
}

/** Verbs that read what is there and send nothing. */
function addReading(parser: Argv, done: Done): void {
  const say = (text: string): void => {
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  };
  const answer = ({ text, json: data, exitCode }: CommandResult, json: boolean): void => {
    say(json ? JSON.stringify(data, null, 2) : text);
    done(exitCode);
  };
  parser
    .command(
      'list',
      'The named scenarios and their questions',
      (verb) => verb,
      () => say(listText()),
    )
    .command(
      'explain <what>',
      'A scenario with its defaults, a metric, or a notice',
      (verb) =>
        verb
          .positional('what', { type: 'string', demandOption: true })
          .example('$0 explain batching', 'every field with its default')
          .example('$0 explain client-limited', 'what it means and what to do'),
      ({ what }) => say(explainText(what)),
    )
    .command(
      'report <run>',
      'Write the HTML report of a recorded run again',
      (verb) => runPositional(verb).example('$0 report results/latest', 'rebuilt from run.json alone'),
      async ({ run }) => say((await reportCommand(run)).text),
    )
    .command(
      'compare <before> <after>',
      'Two runs side by side, with intervals',
      (verb) =>
        verb
          .positional('before', { type: 'string', demandOption: true })
          .positional('after', { type: 'string', demandOption: true })
          .option('json', { type: 'boolean', default: false })
          .example('$0 compare results/A results/latest', 'regression, improvement, or no difference shown'),
      ({ before, after, json }) => answer(compareCommand(readRun(before), readRun(after)), json),
    )
    .command(
      'gate <run>',
      'Check a recorded run against budgets; exit 1 when one is broken',
      (verb) =>
        runPositional(verb)
          .option('budget', {
            type: 'string',
            array: true,
            default: [],
            describe: "'p99<50ms @ batch=32,load=40%'",
          })
          .option('on-inconclusive', { choices: ['fail', 'warn'] as const, default: 'fail' as const })
          .option('junit', { type: 'string', describe: 'also write JUnit XML to this file' })
          .option('json', { type: 'boolean', default: false })
          .example("$0 gate results/latest --budget 'p99<50ms @ load=40%'", ''),
      ({ run, budget, onInconclusive, junit, json }) => {
        const gated = gateCommand(readRun(run), { budgets: budget, onInconclusive });
        if (junit !== undefined) writeFileSync(junit, gated.junit);
        answer(gated, json);
      },
    )
    .command(
      'cost <run>',
      'What a thousand predictions cost, and what a traffic would',
      (verb) =>
        runPositional(verb)
          .option('price', { type: 'string', describe: 'aws/c7i.large; own/name:... for own hardware' })
          .option('prices', { type: 'string', describe: 'a CSV of prices of your own' })
          .option('term', { type: 'string', describe: 'on-demand or spot; default: what the scenario says' })
          .option('traffic', { type: 'string', describe: '500/s, `500/s peak 1250/s`, or a CSV of a day' })
          .option('headroom', { type: 'string', default: '30%', describe: 'of the capacity, kept free' })
          .option('spare', { type: 'number', default: 1, describe: 'machines that may die' })
          .option('json', { type: 'boolean', default: false })
          .example('$0 cost results/latest --traffic 500/s --headroom 30%', ''),
      ({ run, json, headroom, ...options }) =>
        answer(
          costCommand(readRun(run), {
            ...given(options),
            headroom: quantity('--headroom', parsePercentage(headroom)),
          }),
          json,
        ),
    );
}

function runPositional(verb: Argv) {
  return verb.positional('run', {
    type: 'string',
    demandOption: true,
    describe: 'a folder of results/, or `latest`',
  });
}

function batchingOf(args: { maxRows: number; maxDelay: string; maxQueue: string; inFlight: number }) {
  return {
    maxRows: args.maxRows,
    maxDelayMs: quantity('--max-delay', parseDuration(args.maxDelay)),
    maxQueueRows: quantity('--max-queue', parseRows(args.maxQueue)),
    inFlight: args.inFlight,
  };
}

function quantity(field: string, reading: Reading<number>): number {
  if ('value' in reading) return reading.value;
  throw new UsageError([
    { field, message: reading.problem, ...(reading.advice === undefined ? {} : { advice: reading.advice }) },
  ]);
}

/** Flags that were not given are absent, not undefined. */
function given<T extends object>(args: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
