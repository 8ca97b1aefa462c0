import { UsageError } from '../../errors.ts';
import { packageVersion } from '../../package-files.ts';
import type { Outcome } from '../../transports/transport.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { makeProtocol } from '../requests/make-protocol.ts';
import type { RequestPlan } from '../requests/request-plan.ts';
import type { AutocannonRequest } from './autocannon-client.ts';

/** By the status alone: autocannon turns bodies into text, so binary ones cannot be judged. */
export function judgeOf(assignment: LoadAssignment): (status: number) => Outcome {
  const statusOnly = {
    protocol: 'http',
    workload: assignment.workload,
    ...(assignment.protocol === 'http' && { http: assignment.http }),
  } as const;
  const reader = makeProtocol(statusOnly, assignment.model, assignment.workload.encoding).reader();
  return (status) => reader.finish(status);
}

/** It makes its requests before it says that it sends one, so which one it sends is not known: all must be alike. */
export function rowsOf({ rows, classFacts }: RequestPlan): number {
  if (classFacts.length > 1) {
    throw new UsageError('autocannon cannot count the parts of a mix apart', 'Use load.engine: inferometer.');
  }
  const [first = 1] = rows;
  if (rows.every((one) => one === first)) return first;
  throw new UsageError('autocannon cannot count requests of different rows', 'Use load.engine: inferometer.');
}

/** One request, written anew each time: the next of the workload. Plain HTTP asks the same again, written once. */
export function requestOf(plan: RequestPlan, assignment: LoadAssignment, host: string): AutocannonRequest {
  const headers = {
    'User-Agent': `inferometer/${packageVersion()}`,
    'X-Inferometer-Run': assignment.runId,
    ...assignment.endpoint.headers,
    Host: host,
  };
  let made = 0;
  const next = (): AutocannonRequest => {
    const index = made++;
    const template = plan.requests[plan.sampleOf(index)]?.template;
    if (template === undefined) throw new Error(`request ${index} has no payload`);
    const body = Buffer.concat([template.own, template.shared]);
    template.stamp(body, 0, index);
    const { method, path } = template;
    return { method, path, headers: { ...headers, ...Object.fromEntries(template.headers) }, body };
  };
  return assignment.protocol === 'http' ? next() : { ...next(), setupRequest: next };
}
