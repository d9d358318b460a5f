// Prints the milliseconds ONNX Runtime takes for one face: the median of some runs.
//
//   node ort_time.mjs BUILD_DIR MODEL.dfm N_THREADS

import { createRequire } from 'node:module';
import path from 'node:path';

const N_WARM = 2, N_RUNS = 9;

const [buildDir, model, nThreads] = process.argv.slice(2);
const ort = createRequire(path.resolve(buildDir, 'npm') + path.sep)('onnxruntime-node');
const session = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(nThreads) });
const { name, shape } = session.inputMetadata[0];
const dims = [1, ...shape.slice(1)];
const pixels = new Float32Array(dims.reduce((a, b) => a * b, 1)).map((_, i) => (i % 251) / 251);
const feeds = { [name]: new ort.Tensor('float32', pixels, dims) };

const times = [];
for (let i = 0; i < N_WARM + N_RUNS; i++) {
    const start = performance.now();
    await session.run(feeds);
    if (i >= N_WARM) {
        times.push(performance.now() - start);
    }
}
times.sort((a, b) => a - b);
console.log(times[times.length >> 1].toFixed(2));
