import { METRICS } from './expression.ts';

/** What the words in a report, a table or a notice mean; printed by `inferometer explain <word>`. */
export const GLOSSARY: Readonly<Record<string, string>> = {
  metrics: `Every metric that an SLO, a gate or a budget can name: ${Object.keys(METRICS).join(', ')}.`,
  response:
    'Response time = done - intended: what a user would have waited, counted from the moment at which the schedule meant the request to be sent, even if no connection was free or the client was late. The headline figure.',
  service:
    'Service time = done - sent: what the server and the network took, counted from the first byte sent. Under overload it looks healthy while users wait; that is why both are shown. As service.p50 to service.p999, service.max, service.mean.',
  'send-lag':
    'Send lag = sent - intended = dispatch lag + connection wait. Only dispatch lag is the fault of the client.',
  'dispatch-lag':
    'Dispatch lag = dispatched - intended: the load generator acted late. Enough of it makes a case client-limited.',
  'connection-wait':
    'Connection wait = sent - dispatched: no connection was free. Enough of it makes a case connection-limited.',
  p50: 'The response time that half of the requests kept. In milliseconds, with its 95 % interval.',
  p90: 'The response time that 90 % of the requests kept. It needs at least 44 requests to be stated, more when some are late.',
  p95: 'The response time that 95 % of the requests kept. It needs at least 90 requests to be stated, more when some are late.',
  p99: 'The response time that 99 % of the requests kept: 1 in 100 waits longer. It needs at least 459 requests to be stated (none late; 662 with one late), because fewer prove nothing about the last hundredth.',
  p999: 'p99.9: the response time that 999 of 1,000 requests kept. It needs at least 4,603 requests to be stated.',
  max: 'The longest response time seen. It grows with the length of the run, so compare it only between runs of the same length.',
  mean: 'The mean response time. It hides the tail: state a percentile as the promise.',
  errors:
    'The share of requests that did not end ok: refused, failed, timed out, or answered wrongly. Written as a percentage: errors < 0.1%.',
  throughput:
    'Rows answered ok per second, over the measured part: completions between its two edges, divided by its length. A request with 8 rows counts as 8. Written as a rate: throughput > 200/s.',
  class:
    'Requests of one kind in a mix (workload.mix), counted apart with percentiles of their own. Without a mix all requests are of the class all.',
  repeats:
    'The share of requests whose payload had been sent before in the same trial, found again from the seed after the run: what a cache without limits could answer. Beside it stands what the popularity (workload.keys) lets expect.',
  'wrong-answer':
    'A well-formed answer that belongs to another request: the id that comes back is another, or, with workload.validate, its numbers are not those of the payload. It counts as an error.',
  'batch.meanRows': 'Rows executed / executions, from the server: how large the batches really were.',
  'batch.paddedRows':
    'Rows that were computed only to fill a batch to a fixed size. Paid for and thrown away.',
  'cache.hitRate':
    'Requests answered from the response cache of the server / requests looked up in it. Joins, which shared the computation of an equal request, are looked up too and are no hits. Written as a percentage: cache.hitRate > 50%. Beside it the report says how many a cache without limits could have answered.',
  breakEvenHitRate:
    'decide.report: [breakEvenHitRate]. A look-up costs the server time, and a hit saves a computation: from this hit rate on a cache carries more than none. Of each closed pass with a cache its cost is the throughput of the same setting without one over its own; the line through two popularities passes 1 at the break-even. Its bounds come from the intervals of the throughputs.',
  survivesCacheLoss:
    'decide.report: [survivesCacheLoss]. Whether the promise of decide.slo held over a case in which an event took the cache away (redis.stop, cache.flush), with the worst window before it and after.',
  'cache.staleRate':
    'Answers that were stale / answers that were ok. With workload.changeEvery what lies behind each payload (a price, a stock) changes at random instants, on average once in that time, drawn from the seed and the payload alone; an answer is stale when that happened after its computation had begun and before it was asked for. The bundled server says the age of an answer from its cache; one that was computed for its request is never stale. Written as a percentage, also as stale < 1%; of several times it is about the shortest. Its interval allows for the answers of one payload hanging together.',
  staleness:
    'decide.report: [staleness]. How old the answers of each cache were, and how many of them stale for each time of workload.changeEvery, and what keeps them below 1 % whatever is asked for. Without a ttl answers grow older for as long as the cache lives, so a longer run finds more of them stale.',
  'cache.joins':
    'Requests that were answered by the computation of an equal one that was under way: neither a hit, nor computed for themselves.',
  'cache.evictions':
    'Answers that left the cache because their room was needed. Many of them say that it is too small.',
  'cache.errors':
    'What a Redis behind the cache was asked for and did not do: it was gone, slow or full. Each is a miss, and never the failure of a request.',
  queue: 'serverMs.queue: mean time of a request in the queue of the server, from its own statistics.',
  compute: 'serverMs.compute: mean time of a request in the model, from the statistics of the server.',
  cpuMsPer1000:
    'CPU milliseconds of the server per 1,000 rows. It moves with the code and hardly with the neighbours, so it is a good gate.',
  unsent:
    'Arrivals that met the cap load.maxInFlight and were never sent. They are not absent: a user would have waited. A case with any is never plainly valid.',
  'open-loop':
    'Requests are sent when the schedule says so, whether or not answers have come: as users do. constant, poisson and ladder are open loops.',
  'closed-loop':
    'A fixed number of requests is kept in flight; the next waits for an answer. It shows what the server can do at most (saturation) and cannot show what users wait for: its response times are not comparable with those of an open loop.',
  saturation:
    'The rate of the closed pass. What the server does when it is never idle; reported as such, never as capacity, and not for sale.',
  capacity:
    'Capacity at the SLO: the highest rate at which the promised percentile is proven by its interval. What is recommended and priced.',
  goodput:
    'Rows that were answered ok and within the deadline, per second. It explains; what is priced is capacity.',
  slo: 'The promise, in decide.slo: it defines capacity, goodput, recommendation and price, and never fails a run. decide.gates do.',
  gate: 'A budget that fails the run: exit 1 on a proven breach, exit 2 when the run cannot tell. The interval decides: wholly on one side passes or fails.',
  ladder:
    'Rates as shares of the best rate that any setting reached in the closed pass; the same absolute rates for every setting, so that settings can be compared.',
  stages:
    'Rates one after the other. Like ramp and replay it has a length of its own, and is measured for that; the warm-up drives its first rate. A load that changes is one case: its figure at this load is about its mean rate, limits.maxRate about its peak, and it is not expected to hold still.',
  stop: "measure.stop: { precision: 5%, of: p99, maxDuration: 60s } measures on after measure.duration until half the width of that percentile's interval is at most 5 % of its value, and never beyond maxDuration; each trial by itself. Whoever looks often and stops when it suits finds intervals that miss, so there are few looks, planned beforehand (each when 1.25 times as much has been measured), and the intervals of such a case are widened until they hold at every look at once.",
  event:
    'What a scenario lets happen to the bundled server during a case, each at its time from the start of the measure phase, one after another. The record holds when each began and ended and what became of it. Such a case is not expected to hold still.',
  worstWindow:
    'decide.report: of the windows after each event the one of the highest p99, beside that of the quiet before and of the same load without events. A picture of about a second each, without an interval: it shows what an event did and proves nothing.',
  split:
    'Versions of a model that share the requests which name none: by turns, exactly in proportion to their weights, or by a key, the same version for the same key always. Raising one weight moves keys to that version and nowhere else.',
  shadow:
    'A version that gets copies of requests which another answers. Its own answers are dropped, and counted by how they ended; they are neither arrivals nor successes.',
  arrivals:
    'How requests scatter around the offered rate: even gaps, poisson (as of many independent users), gamma(cv) with gaps that deviate by cv times their mean. The i-th request is due when the integral of the rate reaches the i-th event of that process, so nothing drifts.',
  mlperf:
    "The four scenarios of MLPerf LoadGen, in its words and nothing official. single-stream and multi-stream give a percentile's early stopping estimate: the t-th largest latency, t the most late queries with which so many queries still prove the percentile at confidence 0.99. server is VALID when its late queries prove the promise. offline gives samples per second. Queries that provably hang together count as fewer.",
  generators:
    'Threads that share one schedule: generator k of n sends every n-th request from the k-th on, so the requests and their instants are the same whatever n is. They begin and end together; limits and connections are split.',
  'as-found':
    'A server that was not started from here keeps its own settings. --as-found measures the one setting that it runs, labelled with what is read back.',
  valid: 'Credibility: nothing was found that speaks against the figures of this case.',
  'client-limited':
    'Credibility: the load generator was late, and it shows: without its lag a reported percentile would differ by more than 5 %, or more than 1 % of the arrivals were later than max(2 ms, 10 % of the median response). Free the cores of the generator, or lower the rate.',
  'connection-limited':
    'Credibility: waiting for a free connection shaped the figures. Raise load.connections, or leave it out.',
  overloaded:
    'Credibility: the server was offered more than it can carry: fewer than 97 % of the offered requests were answered, or the backlog kept growing. A finding about the server, not a failed run: throughput means something, latency describes a growing queue. Latency gates on it fail.',
  inconclusive:
    'Credibility: the case cannot answer: too few samples for a percentile that is asked for, not steady, a clock that drifted, or a metric without telemetry. Measure longer, or repeat with --trials.',
  'shared-host':
    'Notice: server and load generator ran on the same machine. Compare settings with each other; do not quote the absolute figures.',
  'no-gpu':
    'Notice: no NVIDIA driver library was found, so GPU figures are left out, with this as the reason.',
  'timed-from-ask':
    'Notice: what an overloaded case looks like timed from the send, and what its users really wait, timed from when they ask.',
};
