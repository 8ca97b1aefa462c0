import { type Problem, UsageError } from '../errors.ts';
import { isProblem, parseRate } from '../scenario/quantities.ts';
import { type CsvRow, parseCsv } from './csv.ts';

/** A day of traffic in segments of constant rate. */
export interface Traffic {
  readonly segments: readonly TrafficSegment[];
  readonly meanPerS: number;
  readonly peakPerS: number;
}

export interface TrafficSegment {
  readonly hours: number;
  readonly requestsPerS: number;
}

export function trafficOf(segments: readonly TrafficSegment[]): Traffic {
  const hours = segments.reduce((sum, segment) => sum + segment.hours, 0);
  const requests = segments.reduce((sum, segment) => sum + segment.hours * segment.requestsPerS, 0);
  return {
    segments,
    meanPerS: requests / hours,
    peakPerS: Math.max(...segments.map((segment) => segment.requestsPerS)),
  };
}

/** `500/s`, or `500/s peak 1250/s`: a mean and a peak without the hours in between. */
export function parseTrafficRate(text: string): Traffic {
  const [mean = '', peak, ...rest] = text.split(/\s*(?:,|\bpeak\b)\s*/).filter((part) => part !== '');
  const meanPerS = rateOf(mean, text);
  const peakPerS = peak === undefined ? meanPerS : rateOf(peak, text);
  if (rest.length > 0 || peakPerS < meanPerS) {
    throw new UsageError(`"${text}" is not a mean and a peak`, 'Write --traffic "500/s peak 1250/s".');
  }
  return { segments: [{ hours: 24, requestsPerS: meanPerS }], meanPerS, peakPerS };
}

function rateOf(text: string, whole: string): number {
  const reading = parseRate(text);
  if (isProblem(reading)) {
    throw new UsageError(
      `--traffic "${whole}": ${reading.problem}`,
      reading.advice ?? 'Write 500/s, "500/s peak 1250/s", or the name of a CSV file with columns hour,rate.',
    );
  }
  if (reading.value > 0) return reading.value;
  throw new UsageError(
    `--traffic "${whole}": no traffic costs nothing per prediction`,
    'Give a rate above 0.',
  );
}

/**
 * One day as CSV: columns `time` (`07:30`) or `hour` (`7.5`), and `rate` in requests per second (`200` or `200/s`).
 * Each line holds until the next one, the last one until the first of the next day.
 */
export function parseTrafficDay(csvText: string, file: string): Traffic {
  const { rows, problems } = parseCsv(csvText, file);
  const points = rows.map((row) => ({
    line: row.line,
    hour: hourOf(row, file, problems),
    rate: dayRate(row, file, problems),
  }));
  if (points.length === 0)
    problems.push({ file, message: 'no line of traffic', advice: 'Columns: hour,rate' });
  for (const [index, point] of points.entries()) {
    const previous = points[index - 1];
    if (previous !== undefined && point.hour <= previous.hour) {
      problems.push({ file, line: point.line, message: 'is not later than the line before it' });
    }
  }
  if (points.length > 0 && points.every(({ rate }) => rate === 0))
    problems.push({ file, message: 'no traffic at all: nothing would be predicted' });
  if (problems.length > 0) throw new UsageError(problems);
  const first = points[0]?.hour ?? 0;
  return trafficOf(
    points.map(({ hour, rate }, index) => ({
      hours: (points[index + 1]?.hour ?? first + 24) - hour,
      requestsPerS: rate,
    })),
  );
}

function hourOf({ cells, line }: CsvRow, file: string, problems: Problem[]): number {
  const text = cells.hour ?? cells.time ?? '';
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text);
  const hour = clock === null ? Number(text) : Number(clock[1]) + Number(clock[2]) / 60;
  if (text !== '' && hour >= 0 && hour < 24) return hour;
  problems.push({
    file,
    line,
    field: 'time',
    message: `"${text}" is not a time of day`,
    advice: 'Write 07:30 or 7.5.',
  });
  return Number.NaN;
}

function dayRate({ cells, line }: CsvRow, file: string, problems: Problem[]): number {
  const text = (cells.rate ?? '').replace(/\s*\/s$/, '');
  const rate = Number(text);
  if (text !== '' && rate >= 0) return rate;
  problems.push({
    file,
    line,
    field: 'rate',
    message: `"${cells.rate ?? ''}" is not a rate in requests per second`,
  });
  return Number.NaN;
}
