import { parentPort, workerData } from 'node:worker_threads';
import type { InstanceOptions, WorkerReply, WorkerRequest } from './instance-messages.ts';
import { type ModelSession, openModel } from './model-session.ts';
import type { BatchTensor } from './tensors.ts';

type Ran = Extract<WorkerReply, { kind: 'ran' }>['result'];

const port = parentPort;
if (port === null) throw new Error('instance-worker.ts is the entry of a worker thread');

try {
  const model = await openModel(workerData as InstanceOptions);
  serve(model);
  const { inputs, outputs, providerRan, providerReason, largestBatchNs } = model;
  reply({ kind: 'ready', inputs, outputs, providerRan, providerReason, largestBatchNs });
} catch (error) {
  reply({ kind: 'failed', message: (error as Error).message });
}

/** A run occupies this thread although it gives a promise; the chain keeps the order of the requests. */
function serve(model: ModelSession): void {
  let last: Promise<void> = Promise.resolve();
  port?.on('message', (request: WorkerRequest) => {
    last = last.then(async () => {
      if (request.kind === 'close') {
        await model.release();
        port.close();
        return;
      }
      const result = await model.run(request.inputs, request.rows).then(
        ({ outputs, computeNs }): Ran => ({ outputs: outputs.map(copied), computeNs }),
        (error: Error): Ran => ({ error: error.message }),
      );
      reply({ kind: 'ran', id: request.id, inputs: request.inputs, result });
    });
  });
}

/** The runtime's own output buffers cannot be handed to another thread, so the values are copied once. */
function copied(output: BatchTensor): BatchTensor {
  return { ...output, buffer: output.buffer.slice(0) };
}

function reply(message: WorkerReply): void {
  const tensors =
    message.kind !== 'ran'
      ? []
      : [...message.inputs, ...('error' in message.result ? [] : message.result.outputs)];
  port?.postMessage(
    message,
    tensors.map((tensor) => tensor.buffer),
  );
}
