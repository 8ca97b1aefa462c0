import { writeFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { type ExitCode, UsageError } from '../errors.ts';
import type { RunRecord } from '../record/run-record.ts';
import { parseDuration, parsePercentage, parseRows, type Reading } from '../scenario/quantities.ts';
import type { CommandResult } from './cost.ts';
import {
  COMPARE_FLAGS,
  COST_FLAGS,
  DOCTOR_FLAGS,
  GATE_FLAGS,
  REPORT_FLAGS,
  RUN_FLAGS,
  SERVE_FLAGS,
} from './flags.ts';

/*
 * A verb's own modules are loaded when it is called: `list` needs neither sockets nor protocols, and waits for none of
 * them.
 */

type Done = (code: ExitCode) => void;

/** Verbs that start servers or send load. */
export function addMeasuringVerbs(parser: Argv, done: Done): void {
  parser
    .command(
      'run <scenario>',
      'Run a named scenario or a scenario file to a report',
      (verb) =>
        required(verb, 'scenario', 'a name from `list`, or a YAML file')
          .options(RUN_FLAGS)
          .example('$0 run batching', 'which batch size and queue delay?')
          .example('$0 run batching --dry-run', 'cases, time, and what they can tell')
          .example('$0 run capacity --url http://127.0.0.1:8000 --model ranker', 'a server of your own')
          .example('$0 run smoke --set load.closed.inFlight=16', 'any field of the file'),
      async (args) => {
        const { runCommand } = await import('./run.ts');
        done(await runCommand(given(args)));
      },
    )
    .command(
      'serve',
      'Serve a bundled model or an ONNX file over the Open Inference Protocol',
      (verb) =>
        verb
          .options(SERVE_FLAGS)
          .example('$0 serve', 'the recommender on port 8000; then: run capacity --url ...')
          .example('$0 serve --model ranker.onnx --max-rows 16 --max-delay 2ms', 'a model of your own')
          .example('$0 serve --models models --control poll', 'a folder of them, as Triton has it')
          .example('$0 serve --print-config > server.yaml', 'every setting, to be changed')
          .example('$0 serve --config server.yaml', 'and served'),
      async (args) => {
        const { serveCommand } = await import('./serve.ts');
        done(await serveCommand({ ...args, batching: batchingOf(args) }));
      },
    )
    .command(
      'doctor',
      'What this machine lacks for measuring, and with --measure what it can measure',
      (verb) =>
        verb
          .options(DOCTOR_FLAGS)
          .example('$0 doctor', 'cores, limits, tools, each with advice')
          .example('$0 doctor --measure', "this machine's own ceiling, floor and lag; later runs carry them"),
      async (args) => {
        const { doctorCommand } = await import('./doctor.ts');
        done(await doctorCommand(args));
      },
    );
}

/** Verbs that read what is there and send nothing. */
export function addReadingVerbs(parser: Argv, done: Done): void {
  const answer = ({ text, json: data, exitCode }: CommandResult, json: boolean): void => {
    say(json ? JSON.stringify(data, null, 2) : text);
    done(exitCode);
  };
  parser
    .command(
      'list',
      'The named scenarios and their questions',
      (verb) => verb.example('$0 list', ''),
      async () => {
        const { listText } = await import('./list.ts');
        say(listText());
      },
    )
    .command(
      'explain <what>',
      'A scenario with its defaults, a metric, or a notice',
      (verb) =>
        required(verb, 'what', 'a scenario, a field, a metric, a notice')
          .example('$0 explain batching', 'every field with its default')
          .example('$0 explain load.ramp', 'a field, with its own fields')
          .example('$0 explain client-limited', 'what it means and what to do'),
      async ({ what }) => {
        const { explainText } = await import('./explain.ts');
        say(explainText(what));
      },
    )
    .command(
      'report <run>',
      'Write the HTML report of a recorded run again',
      (verb) =>
        requiredRun(verb, 'run')
          .options(REPORT_FLAGS)
          .example('$0 report results/latest', 'rebuilt from run.json alone')
          .example('$0 report results/latest --from-raw', 'checks run.json against every request'),
      async ({ run, fromRaw }) => {
        const { rawReportCommand, reportCommand } = await import('./report.ts');
        answer(fromRaw ? await rawReportCommand(run) : await reportCommand(run), false);
      },
    )
    .command(
      'requests <run>',
      'Print every request that a run kept (--raw), as JSON lines',
      (verb) =>
        requiredRun(verb, 'run').example('$0 requests results/latest | jq \'select(.fate != "ok")\'', ''),
      async ({ run }) => {
        const { requestsCommand } = await import('./requests.ts');
        await requestsCommand(run);
      },
    )
    .command(
      'compare <before> <after>',
      'Two runs side by side, with intervals',
      (verb) =>
        requiredRun(requiredRun(verb, 'before'), 'after')
          .options(COMPARE_FLAGS)
          .example('$0 compare results/A results/latest', 'regression, improvement, or no difference shown'),
      async ({ before, after, json }) => {
        const { compareCommand } = await import('./compare.ts');
        answer(compareCommand(await recorded(before), await recorded(after)), json);
      },
    )
    .command(
      'gate <run>',
      'Check a recorded run against budgets; exit 1 when one is broken',
      (verb) =>
        requiredRun(verb, 'run')
          .options(GATE_FLAGS)
          .example("$0 gate results/latest --budget 'p99<50ms @ load=40%'", '')
          .example('$0 gate results/latest --junit gate.xml', "the scenario's own gates"),
      async ({ run, budget, onInconclusive, junit, json }) => {
        const { gateCommand } = await import('./gate.ts');
        const gated = gateCommand(await recorded(run), { budgets: budget, onInconclusive });
        if (junit !== undefined) writeJunit(junit, gated.junit);
        answer(gated, json);
      },
    )
    .command(
      'cost <run>',
      'What a thousand predictions cost, and what a traffic would',
      (verb) =>
        requiredRun(verb, 'run')
          .options(COST_FLAGS)
          .example('$0 cost results/latest --traffic 500/s --headroom 30%', '')
          .example('$0 cost results/latest --price aws/c7i.xlarge', 'what-if: another machine'),
      async ({ run, json, headroom, ...options }) => {
        const { costCommand } = await import('./cost.ts');
        const reserve = { headroom: quantity('--headroom', parsePercentage(headroom)) };
        answer(costCommand(await recorded(run), { ...given(options), ...reserve }), json);
      },
    );
}

async function recorded(run: string): Promise<RunRecord> {
  const { readRun } = await import('../record/read-run.ts');
  return readRun(run);
}

function say(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

function writeJunit(path: string, xml: string): void {
  try {
    writeFileSync(path, xml);
  } catch (error) {
    throw new UsageError([
      {
        field: '--junit',
        message: `cannot write ${path}: ${(error as Error).message}`,
        advice: 'name a file in a folder that exists and may be written to',
      },
    ]);
  }
}

function required<T, Name extends string>(verb: Argv<T>, name: Name, describe: string) {
  return verb.positional(name, { type: 'string', demandOption: true, describe });
}

function requiredRun<T, Name extends string>(verb: Argv<T>, name: Name) {
  return required(verb, name, 'a folder of results/, or `latest`');
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
