/** The model that the truth server claims to be: one row of four numbers in, one number out. */
export const METADATA = {
  name: 'truth',
  versions: ['1'],
  platform: 'truth',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
};

export function answerBytes(id: string): Buffer {
  return httpAnswer(
    `{"id":"${id}","model_name":"truth","outputs":[{"name":"y","datatype":"FP32","shape":[1,1],"data":[0.5]}]}`,
  );
}

export function httpAnswer(body: string, status = 200): Buffer {
  const head = `HTTP/1.1 ${status} Truth\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  return Buffer.from(`${head}\r\n\r\n${body}`);
}
