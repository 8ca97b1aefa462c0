import yargs from 'yargs';
import { EXIT, type ExitCode, nearestName, UsageError } from '../errors.ts';
import { packageVersion } from '../package-files.ts';
import { WIDTH } from '../terminal/layout.ts';
import { FLAGS_OF } from './flags.ts';
import { addMeasuringVerbs, addReadingVerbs } from './verbs.ts';

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
    .wrap(WIDTH)
    .strict()
    .demandCommand(1, 'No verb is given')
    .example('$0 run smoke', 'does everything work here?')
    .example('$0 run batching', 'which batch size and queue delay?')
    .example('$0 run --help', "a verb's flags, with examples")
    .epilogue(
      'Exit codes: 0 fine, 1 a gate failed, 2 cannot answer, 3 usage, 4 target or internal error, 130 interrupted.',
    )
    .check(refuseNotNumbers, true)
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? usageError(message, words);
    });
  addMeasuringVerbs(parser, done);
  addReadingVerbs(parser, done);
  await parser.parseAsync([...words]);
  return code;
}

/** yargs reads `--port abc` as NaN and goes on. */
function refuseNotNumbers(args: Readonly<Record<string, unknown>>): true {
  const wrong = Object.keys(args).filter((flag) => Number.isNaN(args[flag]) && !/[A-Z]/.test(flag));
  if (wrong.length === 0) return true;
  throw new UsageError(
    wrong.map((flag) => ({ field: `--${flag}`, message: 'takes a number, as --help shows' })),
  );
}

const VERBS = Object.keys(FLAGS_OF);

/** What a verb cannot do without, by example. */
const NEEDS: Readonly<Record<string, string>> = {
  run: 'a scenario, as in: inferometer run smoke',
  explain: 'a word, as in: inferometer explain batching',
  report: 'a run, as in: inferometer report results/latest',
  compare: 'two runs, as in: inferometer compare results/BEFORE results/latest',
  requests: 'a run, as in: inferometer requests results/latest',
  gate: "a run, as in: inferometer gate results/latest --budget 'p99<50ms'",
  cost: 'a run, as in: inferometer cost results/latest',
};

/** The words of yargs, with the name that was probably meant. */
function usageError(message: string, [verb = '']: readonly string[]): UsageError {
  const flags = FLAGS_OF[verb];
  if (flags === undefined) {
    if (verb === '' || verb.startsWith('-')) return new UsageError(message, 'Try: inferometer run smoke');
    return unknown(`there is no verb "${verb}"; known: ${VERBS.join(', ')}`, verb, VERBS, '');
  }
  const [, names] = /^Unknown arguments?: (.*)$/.exec(message) ?? [];
  if (names !== undefined) return unknownArguments(verb, names.split(', '), flags);
  if (message.startsWith('Not enough non-option') && NEEDS[verb] !== undefined)
    return new UsageError(`${verb} needs ${NEEDS[verb]}`);
  return new UsageError(message.replaceAll(/\s*\n\s*/g, ' '), `See: inferometer ${verb} --help`);
}

/** yargs names a flag in both of its spellings; one is enough. */
function unknownArguments(verb: string, names: readonly string[], flags: readonly string[]): UsageError {
  const problems = names
    .filter((name) => !names.some((other) => other !== name && camelCase(other) === name))
    .flatMap((name) => unknown(`${verb} has no flag --${name}`, name, flags, '--').problems);
  return new UsageError(problems);
}

function camelCase(flag: string): string {
  return flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function unknown(message: string, name: string, known: readonly string[], prefix: string): UsageError {
  const near = nearestName(name, known);
  return new UsageError(
    message,
    near === undefined ? 'See: inferometer --help' : `did you mean ${prefix}${near}?`,
  );
}
